Feature: The value of an event is matched row by row
  Subject: matchers on paths of the value, for expected and for forbidden events.

  Scenario: Every matcher holds
    Given topic "where.passed" with 1 partition
    When I produce event "OrderConfirmed" with id "c-1" to topic "where.passed":
      """
      {"orderId": "o-17", "total": 5.0, "status": "CONFIRMED", "note": null, "lines": [{"sku": "a-1"}, {"sku": "b-2"}], "by": {"name": "stub"}}
      """
    Then the event is acknowledged
    And within 5 seconds an "OrderConfirmed" event arrives on topic "where.passed" where:
      | path           | matcher    | value           |
      | $.status       | equals     | CONFIRMED       |
      | $.total        | equals     | 5               |
      | $.by           | contains   | {"name": "stub"} |
      | $.status       | contains   | FIRM            |
      | $.orderId      | matches    | ^o-[0-9]+$      |
      | $.total        | between    | [1, 5]          |
      | $.by.name      | any-string |                 |
      | $.total        | any-number |                 |
      | $.cancelled    | absent     |                 |
      | $.note         | null       |                 |
      | $.lines[1].sku | equals     | b-2             |

  Scenario Outline: A row that does not hold fails the expectation
    Given failures are kept
    And topic "where.failed" with 1 partition
    When I produce event "OrderConfirmed" with id "<id>" to topic "where.failed":
      """
      {"total": 5, "status": "CONFIRMED", "note": null}
      """
    Then the event is acknowledged
    And within 300 ms an "OrderConfirmed" event arrives on topic "where.failed" where:
      | path   | matcher   | value   |
      | <path> | <matcher> | <value> |
    And the expectation fails with "EXPECTATION_TIMEOUT"

    Examples:
      | id  | path     | matcher    | value    |
      | w-1 | $.status | equals     | REJECTED |
      | w-2 | $.total  | equals     | "5"      |
      | w-3 | $.total  | between    | [6, 9]   |
      | w-4 | $.total  | any-string |          |
      | w-5 | $.status | any-number |          |
      | w-6 | $.note   | absent     |          |
      | w-7 | $.gone   | null       |          |
      | w-8 | $.status | matches    | ^x       |

  Scenario: A matcher that there is not is a mistake
    Given failures are kept
    And topic "where.unknown"
    When within 300 ms an "OrderConfirmed" event arrives on topic "where.unknown" where:
      | path     | matcher | value |
      | $.status | equls   | 5     |
    Then the step fails with "INVALID_ARGUMENT"

  Scenario: Another event is the one that meets the rows
    Given topic "where.another" with 1 partition
    When I produce to topic "where.another" the events:
      | type           | id  | value                   |
      | OrderConfirmed | a-1 | {"status": "CONFIRMED"} |
      | OrderConfirmed | a-2 | {"status": "PENDING"}   |
      | OrderConfirmed | a-3 | {"status": "CONFIRMED"} |
    Then the event is acknowledged
    And within 5 seconds an "OrderConfirmed" event arrives on topic "where.another" where:
      | path     | matcher | value     |
      | $.status | equals  | CONFIRMED |
    And within 5 seconds another "OrderConfirmed" event arrives on topic "where.another" where:
      | path     | value     |
      | $.status | CONFIRMED |

  Scenario: Only events that meet the rows are forbidden
    Given failures are kept
    And topic "where.none" with 1 partition
    When I produce event "OrderConfirmed" with id "n-1" to topic "where.none":
      """
      {"status": "CONFIRMED"}
      """
    Then the event is acknowledged
    And no "OrderConfirmed" event arrives on topic "where.none" within 300 ms where:
      | path     | matcher | value    |
      | $.status | equals  | REJECTED |
    And no "OrderConfirmed" event arrives on topic "where.none" within 30 seconds where:
      | path     | matcher  | value     |
      | $.status | contains | CONFIRMED |
    And the expectation fails with "UNEXPECTED_EVENT"
