Feature: That nothing came is proven
  Subject: expecting no event passes with a proof, and fails with the event that came.

  Scenario: No event of a type came to an empty topic
    Given topic "none.empty" with 3 partitions
    Then no "OrderRejected" event arrives on topic "none.empty" within 300 ms

  Scenario: Events of other types and of other tests are not what was forbidden
    Given topic "none.others" with 1 partition
    When another client produces to topic "none.others" the records:
      """
      {"headers": [["ce_testid", "another-test"], ["ce_type", "OrderRejected"]], "value": {}}
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "OrderConfirmed"]], "value": {}}
      """
    And within 5 seconds an "OrderConfirmed" event arrives on topic "none.others"
    Then no "OrderRejected" message arrives on topic "none.others" within 300 ms

  Scenario: A forbidden event that came before the step is found
    Given failures are kept
    And topic "none.before" with 1 partition
    When I produce event "OrderRejected" with id "r-1" to topic "none.before":
      """
      {"reason": "no stock"}
      """
    Then the event is acknowledged
    And no "OrderRejected" event arrives on topic "none.before" within 30 seconds
    And the expectation fails with "UNEXPECTED_EVENT"

  Scenario: An event of another client that carries this test's id is forbidden too
    Given failures are kept
    And topic "none.foreign" with 1 partition
    When another client produces to topic "none.foreign" the record:
      """
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "OrderRejected"]], "value": {"reason": "no stock"}}
      """
    Then no "OrderRejected" event arrives on topic "none.foreign" within 30 seconds
    And the expectation fails with "UNEXPECTED_EVENT"
