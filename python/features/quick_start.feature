Feature: Orders

  Scenario: An order is confirmed
    Given topic "quick.orders" with 3 partitions
    And topic "quick.confirmations"
    And the service is running
    When I send event "OrderCreated" with id "order-1" to topic "quick.orders":
      """
      {"orderId": "o-1", "total": 5}
      """
    Then the event is acknowledged
    And within 10 seconds an "OrderConfirmed" event arrives on topic "quick.confirmations"
    And no "OrderRejected" event arrives on topic "quick.confirmations" within 300 ms
