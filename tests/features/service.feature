Feature: A system under test answers orders
  Subject: the whole round through a service that is not ours: event in, answer out, nothing else.

  Scenario: An order is confirmed once and is not rejected
    Given topic "service.order.in" with 1 partition
    And topic "service.order.out" with 1 partition
    And a service that answers each "OrderCreated" on topic "service.order.in" with an "OrderConfirmed" on topic "service.order.out"
    When I produce event "OrderCreated" with id "order-1" to topic "service.order.in":
      """
      {"orderId": "o-1", "total": 5}
      """
    Then the event is acknowledged
    And within 10 seconds an "OrderConfirmed" event arrives on topic "service.order.out"
    And the consumed event "order-1" on topic "service.order.out" has value:
      """
      {"orderId": "o-1", "status": "CONFIRMED"}
      """
    And no "OrderRejected" event arrives on topic "service.order.out" within 300 ms

  Scenario: An event of another type is not confirmed
    Given topic "service.change.in" with 1 partition
    And topic "service.change.out" with 1 partition
    And a service that answers each "OrderCreated" on topic "service.change.in" with an "OrderConfirmed" on topic "service.change.out"
    When I produce event "OrderChanged" with id "order-2" to topic "service.change.in":
      """
      {"orderId": "o-2"}
      """
    Then the event is acknowledged
    And no "OrderConfirmed" event arrives on topic "service.change.out" within 500 ms

  Scenario: Two orders have two confirmations
    Given topic "service.two.in" with 1 partition
    And topic "service.two.out" with 1 partition
    And a service that answers each "OrderCreated" on topic "service.two.in" with an "OrderConfirmed" on topic "service.two.out"
    When I produce to topic "service.two.in" the events:
      | type         | id      | key | value                |
      | OrderCreated | order-3 | o-3 | {"orderId": "o-3"}   |
      | OrderCreated | order-4 | o-4 | {"orderId": "o-4"}   |
    Then the event is acknowledged
    And within 10 seconds an "OrderConfirmed" event arrives on topic "service.two.out"
    And within 10 seconds another "OrderConfirmed" event arrives on topic "service.two.out"
    And within 10 seconds event "order-3" arrives on topic "service.two.out"
    And within 10 seconds event "order-4" arrives on topic "service.two.out"
