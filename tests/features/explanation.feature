Feature: A failure explains itself, in every language with the same words
  Subject: the text of failed and of inconclusive verdicts, whole. Times and ids that differ from run to run stand in angle brackets.

  Scenario: Events of other ids are the nearest misses
    Given failures are kept
    And topic "explanation.id" does not exist
    And topic "explanation.id" with 1 partition
    When I produce to topic "explanation.id" the events:
      | type         | id    | key | value        |
      | OrderCreated | evt-1 | o-1 | {"total": 5} |
      | OrderChanged | evt-2 | o-1 | {"total": 6} |
    Then the event is acknowledged
    When within 500 ms event "evt-9" arrives on topic "explanation.id"
    Then the expectation fails with "EXPECTATION_TIMEOUT"
    And its explanation says:
      """
      expect_event: no matching event came on `explanation.id` within 500 ms
      expected: id "evt-9"
      seen 2 -> other id 2 -> matched 0
      nearest misses:
        partition 0, offset 0, at <time> (own), id "evt-1", type "OrderCreated"
          id: expected "evt-9", was "evt-1"
        partition 0, offset 1, at <time> (own), id "evt-2", type "OrderChanged"
          id: expected "evt-9", was "evt-2"
      coverage: topic id <id>; partition 0 from 0 read up to 2 of 2
      """

  Scenario: A value that differs is told member by member
    Given failures are kept
    And topic "explanation.value" does not exist
    And topic "explanation.value" with 1 partition
    When I produce to topic "explanation.value" the events:
      | type         | id    | value                                            |
      | OrderCreated | evt-1 | {"total": "5", "lines": [1, 2], "currency": "CHF"} |
    Then the event is acknowledged
    When the consumed event "evt-1" on topic "explanation.value" has value:
      """
      {"total": 5, "lines": [1], "paid": true}
      """
    Then the expectation fails with "EXPECTATION_TIMEOUT"
    And its explanation says:
      """
      expect_event: no matching event came on `explanation.value` within 10 s
      expected: id "evt-1", value exactly {"lines":[1],"paid":true,"total":5}
      seen 1 -> other value 1 -> matched 0
      nearest miss:
        partition 0, offset 0, at <time> (own), id "evt-1", type "OrderCreated"
          value.lines: expected [1], was [1,2] (lengths differ: 1 expected, 2 there)
          value.paid: expected true, was absent
          value.total: expected 5, was "5" (value equal but of another type: 5 and "5")
          value.currency: expected nothing, was "CHF" (the mode is exact, and the match does not name it)
      coverage: topic id <id>; partition 0 from 0 read up to 1 of 1
      """

  Scenario: Where no record came nothing is near
    Given failures are kept
    And topic "explanation.empty" does not exist
    And topic "explanation.empty" with 1 partition
    When within 300 ms an "OrderConfirmed" event arrives on topic "explanation.empty"
    Then the expectation fails with "EXPECTATION_TIMEOUT"
    And its explanation says:
      """
      expect_event: no matching event came on `explanation.empty` within 300 ms
      expected: type "OrderConfirmed"
      seen 0 -> matched 0 (no record at all was read since the session's start)
      hint: no record at all since <time>, when the session began to look
      hint: this session produced no event
      coverage: topic id <id>; partition 0 from 0 read up to 0 of 0
      """

  Scenario: A forbidden event is shown with its value
    Given failures are kept
    And topic "explanation.forbidden" does not exist
    And topic "explanation.forbidden" with 1 partition
    When I produce to topic "explanation.forbidden" the events:
      | type          | id    | value                  |
      | OrderRejected | evt-1 | {"reason": "no stock"} |
    Then the event is acknowledged
    When no "OrderRejected" event arrives on topic "explanation.forbidden" within 30 seconds
    Then the expectation fails with "UNEXPECTED_EVENT"
    And its explanation says:
      """
      expect_none: an event came on `explanation.forbidden` that must not come
      forbidden: type "OrderRejected"
      it is there: partition 0, offset 0, at <time> (own), id "evt-1", type "OrderRejected"
      with value: {"reason":"no stock"}
      seen 1 -> matched 1
      coverage: topic id <id>; partition 0 from 0 read up to 1
      """

  Scenario: Records of other tests are counted, and a hint asks about the test id
    Given failures are kept
    And topic "explanation.others" does not exist
    And topic "explanation.others" with 1 partition
    When another client produces to topic "explanation.others" the record:
      """
      {"headers": [["ce_testid", "another-test"], ["ce_type", "OrderConfirmed"]], "value": {}}
      """
    And within 300 ms an "OrderConfirmed" event arrives on topic "explanation.others"
    Then the expectation fails with "EXPECTATION_TIMEOUT"
    And its explanation says:
      """
      expect_event: no matching event came on `explanation.others` within 300 ms
      expected: type "OrderConfirmed"
      seen 1 -> other tests 1 -> matched 0
      hint: an event that meets the match carries test id "another-test": partition 0, offset 0, at <time>
      hint: every record seen belongs to other tests; does the system under test pass the test id on?
      hint: this session produced no event
      coverage: topic id <id>; partition 0 from 0 read up to 1 of 1
      """

  Scenario: What filters hide is told
    Given failures are kept
    And topic "explanation.hidden" does not exist
    And these topic directives:
      """
      topics: [{topic: explanation.hidden, role: both, create: {partitions: 1}, eventFilters: [{eventType: Kept}]}]
      """
    When I produce to topic "explanation.hidden" the events:
      | type   | id    | value |
      | Hidden | evt-1 | {}    |
    Then the event is acknowledged
    When within 300 ms event "evt-1" arrives on topic "explanation.hidden"
    Then the expectation fails with "EXPECTATION_TIMEOUT"
    And its explanation says:
      """
      expect_event: no matching event came on `explanation.hidden` within 300 ms
      expected: id "evt-1"
      seen 1 -> hidden by eventFilters 1 -> matched 0
      hint: 1 event of this test is hidden by eventFilters
      hint: your last event there was acknowledged at partition 0, offset 0, <time> before the deadline
      coverage: topic id <id>; partition 0 from 0 read up to 1 of 1
      """

  Scenario: What lies before the mark is told
    Given failures are kept
    And topic "explanation.mark" does not exist
    And topic "explanation.mark" with 1 partition
    When I produce to topic "explanation.mark" the events:
      | type      | id    | value |
      | Confirmed | evt-1 | {}    |
    Then the event is acknowledged
    When within 5 seconds event "evt-1" arrives on topic "explanation.mark"
    And I mark topic "explanation.mark"
    And within 300 ms a "Confirmed" event arrives on topic "explanation.mark"
    Then the expectation fails with "EXPECTATION_TIMEOUT"
    And its explanation says:
      """
      expect_event: no matching event came on `explanation.mark` within 300 ms
      expected: type "Confirmed", after the mark
      seen 1 -> before the mark 1 -> matched 0
      hint: your last event there was acknowledged at partition 0, offset 0, <time> before the deadline
      coverage: topic id <id>; partition 0 from 0 read up to 1 of 1
      """

  Scenario: A record that could not be decoded is a doubt with a remedy
    Given failures are kept
    And topic "explanation.undecodable" does not exist
    And topic "explanation.undecodable" with 1 partition
    When another client produces to topic "explanation.undecodable" the record:
      """
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "Sold"], ["ce_correlationid", "u-1"]], "value_base64": "AAAAAAFhYg=="}
      """
    And no "Sold" event arrives on topic "explanation.undecodable" within 300 ms
    Then the expectation is inconclusive
    And its explanation says:
      """
      expect_none: inconclusive, not known what came on `explanation.undecodable` within 300 ms
      forbidden: type "Sold"
      not known: a record that might be the one could not be decoded: partition 0, offset 0, at <time>, id "u-1", type "Sold": the value did not parse as JSON: expected value at line 1 column 1
      what to do: match by id, type, key or headers so that it is excluded, or set `format:` to what the topic carries (looks like Confluent wire format; set format:)
      seen 1 -> undecodable 1 -> matched 0
      nearest miss:
        partition 0, offset 0, at <time>, id "u-1", type "Sold"
          undecodable: the value did not parse as JSON: expected value at line 1 column 1 (looks like Confluent wire format; set format:)
      coverage: topic id <id>; partition 0 from 0 read up to 1 of 1
      """

  Scenario: A record without a test id is a doubt with a remedy
    Given failures are kept
    And topic "explanation.unattributed" does not exist
    And topic "explanation.unattributed" with 1 partition
    When another client produces to topic "explanation.unattributed" the record:
      """
      {"headers": [["ce_type", "Sold"], ["ce_correlationid", "u-1"]], "value": {}}
      """
    And no "Sold" event arrives on topic "explanation.unattributed" within 300 ms
    Then the expectation is inconclusive
    And its explanation says:
      """
      expect_none: inconclusive, not known what came on `explanation.unattributed` within 300 ms
      forbidden: type "Sold"
      not known: a record that meets every other condition carries no test id: partition 0, offset 0, at <time>, id "u-1", type "Sold"
      what to do: let the system under test pass the test id on, set correlation.testId, or set `unattributed: ignore`
      seen 1 -> no test id 1 -> matched 0
      coverage: topic id <id>; partition 0 from 0 read up to 1 of 1
      """

  Scenario: Events that are too few are counted
    Given failures are kept
    And topic "explanation.few" does not exist
    And topic "explanation.few" with 1 partition
    When I produce to topic "explanation.few" the events:
      | type | id    | value |
      | Sold | evt-1 | 1     |
      | Sold | evt-2 | 2     |
    Then the event is acknowledged
    When within 300 ms exactly 3 "Sold" events arrive on topic "explanation.few"
    Then the expectation fails with "WRONG_COUNT"
    And its explanation says:
      """
      expect_exactly: 3 events were wanted on `explanation.few` within 300 ms, 2 came
      expected: type "Sold"
      seen 2 -> matched 2
      coverage: topic id <id>; partition 0 from 0 read up to 2 of 2
      """

  Scenario: Events that are too many are shown
    Given failures are kept
    And topic "explanation.many" does not exist
    And topic "explanation.many" with 1 partition
    When I produce to topic "explanation.many" the events:
      | type | id    | value |
      | Sold | evt-1 | 1     |
      | Sold | evt-2 | 2     |
    Then the event is acknowledged
    When within 30 seconds exactly 1 "Sold" event arrives on topic "explanation.many"
    Then the expectation fails with "WRONG_COUNT"
    And its explanation says:
      """
      expect_exactly: 1 event was wanted on `explanation.many` within 30 s, and one more came
      expected: type "Sold"
      one too many: partition 0, offset 1, at <time> (own), id "evt-2", type "Sold"
      with value: 2
      seen 2 -> matched 2
      coverage: topic id <id>; partition 0 from 0 read up to 2
      """

  Scenario: Events in the wrong order are told row by row
    Given failures are kept
    And topic "explanation.order" does not exist
    And topic "explanation.order" with 1 partition
    When I produce to topic "explanation.order" the events:
      | type | id    | value |
      | Paid | evt-1 | 1     |
      | Sold | evt-2 | 2     |
    Then the event is acknowledged
    When within 300 ms these events arrive on topic "explanation.order" in order:
      | type |
      | Sold |
      | Paid |
    Then the expectation fails with "WRONG_ORDER"
    And its explanation says:
      """
      expect_all_of: an event came for each of 2 matches within 300 ms, but not in this order
      expected in this order:
        1. type "Sold" on `explanation.order`: partition 0, offset 1, at <time> (own), id "evt-2", type "Sold"
        2. type "Paid" on `explanation.order`: partition 0, offset 0, at <time> (own), id "evt-1", type "Paid"
      in order up to match 1; behind that no event came for match 2
      coverage: topic id <id>; partition 0 from 0 read up to 2 of 2
      """

  Scenario: A group that is behind is told with its lag
    Given failures are kept
    And topic "explanation.group" does not exist
    And topic "explanation.group" with 1 partition
    When another client sends 3 events of this test to topic "explanation.group"
    And the consumer group "explanation.slow" commits offset 1 of topic "explanation.group"
    And the consumer group "explanation.slow" has caught up with topic "explanation.group" within 300 ms
    Then the expectation fails with "EXPECTATION_TIMEOUT"
    And its explanation says:
      """
      expect_group_caught_up: group `explanation.slow` had not caught up with `explanation.group` within 300 ms
      expected: the commit of every partition at the end that it had at the call, or past it
      lag 2: partition 0 committed 1 of 3
      """
