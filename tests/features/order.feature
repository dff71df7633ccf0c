Feature: Several events are expected together
  Subject: a list of events in order, with others between, or in any order with an event for each row.

  Scenario: Events come in order, and others may lie between
    Given topic "order.kept" with 1 partition
    When I produce to topic "order.kept" the events:
      | type      | id  | key | value                   |
      | Created   | e-1 | o-1 | {"status": "NEW"}       |
      | Logged    | e-2 | o-1 | {}                      |
      | Paid      | e-3 | o-1 | {"total": 5}            |
      | Confirmed | e-4 | o-1 | {"status": "CONFIRMED"} |
    Then the event is acknowledged
    And within 5 seconds these events arrive on topic "order.kept" in order:
      | type      | id  |
      | Created   | e-1 |
      | Paid      |     |
      | Confirmed | e-4 |
    And within 5 seconds these messages arrive on topic "order.kept" in any order:
      | type      | key |
      | Confirmed | o-1 |
      | Created   | o-1 |

  Scenario: A row may state a condition on the value
    Given topic "order.values" with 1 partition
    When I produce to topic "order.values" the events:
      | type    | version | id  | value                   | header:region |
      | Changed | 1       | e-1 | {"status": "NEW"}       | eu            |
      | Changed | 2       | e-2 | {"status": "PAID"}      | us            |
    Then the event is acknowledged
    And within 5 seconds these events arrive on topic "order.values" in order:
      | type    | version | path     | matcher | value | header:region |
      | Changed | 1       | $.status | equals  | NEW   | eu            |
      | Changed | 2       | $.status |         | PAID  | us            |

  Scenario: Events that come the other way round are in the wrong order
    Given failures are kept
    And topic "order.wrong" with 1 partition
    When I produce to topic "order.wrong" the events:
      | type | id  | value |
      | B    | b-1 | 1     |
      | A    | a-1 | 2     |
    Then the event is acknowledged
    And within 500 ms these events arrive on topic "order.wrong" in order:
      | type |
      | A    |
      | B    |
    And the expectation fails with "WRONG_ORDER"
    And within 5 seconds these events arrive on topic "order.wrong" in any order:
      | type |
      | A    |
      | B    |

  Scenario: One event serves one row
    Given failures are kept
    And topic "order.once" with 1 partition
    When I produce event "A" with id "a-1" to topic "order.once":
      """
      {}
      """
    Then the event is acknowledged
    And within 500 ms these events arrive on topic "order.once" in any order:
      | type |
      | A    |
      | A    |
    And the expectation fails with "EXPECTATION_TIMEOUT"
