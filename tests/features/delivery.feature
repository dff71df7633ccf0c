Feature: What was sent is delivered once, in order, and nothing else is
  Subject: the acknowledgements of a session against a log, and the events of a topic against what came of them on another.

  Scenario: Everything that was produced is there once
    Given topic "delivery.once" does not exist
    And topic "delivery.once" with 1 partition
    When I produce to topic "delivery.once" the events:
      | type    | id  | key |
      | Created | e-1 | o-1 |
      | Changed | e-2 | o-1 |
      | Created | e-3 | o-2 |
    Then the event is acknowledged
    And every event produced to "delivery.once" is delivered once and in order within 500 ms
    And every message produced to "delivery.once" is delivered once and in order within 500 ms

  Scenario: An event that somebody sent again is a duplicate
    Given failures are kept
    And topic "delivery.twice" does not exist
    And topic "delivery.twice" with 1 partition
    When I produce to topic "delivery.twice" the events:
      | type    | id  | key |
      | Created | e-1 | o-1 |
      | Changed | e-2 | o-1 |
    And another client produces to topic "delivery.twice" the record:
      """
      {"key": "o-1", "headers": [["ce_testid", "{testId}"], ["ce_type", "Created"], ["ce_correlationid", "e-1"]], "value": {}}
      """
    Then the event is acknowledged
    When every event produced to "delivery.twice" is delivered once and in order within 5 seconds
    Then the expectation fails with "DUPLICATE_EVENT"
    And its explanation says:
      """
      verify_delivery: duplicated 1 on `delivery.twice` within 5 s
      expected of what was sent: nothing lost, nothing twice, in order per key and per partition, nothing unexpected
      sent 2 acknowledged 2 unknown 0 | seen 3 | lost 0, duplicated 1, out of order 0, unexpected 0
      duplicated (duplicate): id "e-1", key "o-1": acknowledged at partition 0, offset 0, seen at partition 0, offset 0 and again at partition 0, offset 2
      coverage: topic id <id>; partition 0 from 0 read up to 3 of 3
      """

  Scenario: An event that this test did not produce is unexpected
    Given failures are kept
    And topic "delivery.strange" does not exist
    And topic "delivery.strange" with 1 partition
    When I produce to topic "delivery.strange" the events:
      | type    | id  |
      | Created | e-1 |
    And another client sends 1 event of this test to topic "delivery.strange"
    Then the event is acknowledged
    When every event produced to "delivery.strange" is delivered once and in order within 5 seconds
    Then the expectation fails with "UNEXPECTED_EVENT"

  Scenario: Each event comes out once
    Given topic "delivery.in" with 1 partition
    And topic "delivery.out" with 1 partition
    And a service that answers each "OrderCreated" on topic "delivery.in" with an "OrderConfirmed" on topic "delivery.out"
    When I mark topic "delivery.in"
    And I produce to topic "delivery.in" the events:
      | type         | id  | key |
      | OrderCreated | e-1 | o-1 |
      | OrderCreated | e-2 | o-1 |
    Then the event is acknowledged
    And within 5 seconds event "e-2" arrives on topic "delivery.out"
    And each event on "delivery.in" comes out once on "delivery.out" within 500 ms

  Scenario: What did not come out is lost, and what came out in another order is told
    Given failures are kept
    And topic "delivery.broken.in" does not exist
    And topic "delivery.broken.out" does not exist
    And topic "delivery.broken.in" with 1 partition
    And topic "delivery.broken.out" with 1 partition
    When I produce to topic "delivery.broken.in" the events:
      | type    | id  | key |
      | Created | e-1 | o-1 |
      | Changed | e-2 | o-1 |
      | Deleted | e-3 | o-1 |
    And another client produces to topic "delivery.broken.out" the records:
      """
      {"key": "o-1", "headers": [["ce_testid", "{testId}"], ["ce_type", "Done"], ["ce_correlationid", "e-3"]], "value": {}}
      {"key": "o-1", "headers": [["ce_testid", "{testId}"], ["ce_type", "Done"], ["ce_correlationid", "e-1"]], "value": {}}
      """
    Then the event is acknowledged
    When each event on "delivery.broken.in" comes out once on "delivery.broken.out" within 5 seconds
    Then the expectation fails with "WRONG_ORDER"
    And its explanation says:
      """
      verify_delivery: out of order 1 from `delivery.broken.in` to `delivery.broken.out` within 5 s
      expected by id: nothing lost, nothing twice, in order per key, nothing unexpected
      in 3 acknowledged 3 unknown 0 | out 2, not yet 1 | lost 0, duplicated 0, out of order 1, unexpected 0
      out of order (nonmonotonic send): id "e-1", key "o-1": in at partition 0, offset 0, out at partition 0, offset 1, behind a later one of the same key: id "e-3", key "o-1": in at partition 0, offset 2, out at partition 0, offset 0
      coverage: topic id <id>; partition 0 from 0 read up to 3 of 3
      coverage of `delivery.broken.out`: topic id <id>; partition 0 from 0 read up to 2 of 2
      """
