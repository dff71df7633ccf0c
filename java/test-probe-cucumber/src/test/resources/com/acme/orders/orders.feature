Feature: Orders
  Scenario: Two customers order
    Given topic "orders"
    When Ada orders for 5 francs
    And I produce to topic "orders" the events:
      | type         | id    | value                          |
      | OrderCreated | evt-2 | {"customer": "Bo", "total": 7} |
    Then the event is acknowledged
    And within 5 seconds event "evt-2" arrives on topic "orders"
    And the order of Ada is worth 5 francs
    And no "OrderRejected" event arrives on topic "orders" within 500 ms
