Feature: Events are counted
  Subject: exactly so many events of a type, no fewer and no more.

  Scenario: Exactly as many events came as were expected
    Given topic "exactly.three" with 1 partition
    When I produce to topic "exactly.three" the events:
      | type      | id  | value |
      | Confirmed | x-1 | 1     |
      | Confirmed | x-2 | 2     |
      | Rejected  | x-3 | 3     |
      | Confirmed | x-4 | 4     |
    Then the event is acknowledged
    And within 500 ms exactly 3 "Confirmed" events arrive on topic "exactly.three"
    And within 500 ms exactly 1 "Rejected" event arrives on topic "exactly.three"
    And within 500 ms exactly 0 "Cancelled" messages arrive on topic "exactly.three"

  Scenario: One event too many fails before the time is over
    Given failures are kept
    And topic "exactly.more" with 1 partition
    When another client sends 4 events of this test to topic "exactly.more"
    Then within 30 seconds exactly 3 "Sent" events arrive on topic "exactly.more"
    And the expectation fails with "WRONG_COUNT"

  Scenario: One event too few fails when the time is over
    Given failures are kept
    And topic "exactly.fewer" with 1 partition
    When another client sends 2 events of this test to topic "exactly.fewer"
    Then within 500 ms exactly 3 "Sent" events arrive on topic "exactly.fewer"
    And the expectation fails with "WRONG_COUNT"

  Scenario: Counting begins at the mark
    Given topic "exactly.marked" with 1 partition
    When another client sends 2 events of this test to topic "exactly.marked"
    And within 5 seconds event "sent-2" arrives on topic "exactly.marked"
    And I mark topic "exactly.marked"
    And another client sends 3 events of this test to topic "exactly.marked"
    Then within 500 ms exactly 3 "Sent" events arrive on topic "exactly.marked"

  Scenario: Events that filters hide are counted too
    Given failures are kept
    And these topic directives:
      """
      topics:
        - topic: exactly.hidden
          role: both
          create: {partitions: 1}
          eventFilters: [{key: region, value: eu}]
      """
    When I produce to topic "exactly.hidden" the events:
      | type | id  | value | header:region |
      | Sold | h-1 | 1     | eu            |
      | Sold | h-2 | 2     | us            |
    Then the event is acknowledged
    And within 500 ms exactly 2 "Sold" events arrive on topic "exactly.hidden"
    And within 500 ms exactly 1 "Sold" event arrives on topic "exactly.hidden"
    And the expectation fails with "WRONG_COUNT"
