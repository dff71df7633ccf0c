Feature: A failure explains itself, in every language with the same words
  Subject: the text of failed and of inconclusive verdicts. Times and ids that differ from run to run are written in angle brackets.

  Scenario: An event with another value is the nearest miss
    Given failures are kept
    And topic "explanation.value" does not exist
    And topic "explanation.value" with 1 partition
    When I produce to topic "explanation.value" the events:
      | type         | id    | key | value          |
      | OrderCreated | evt-1 | o-1 | {"total": 5}   |
      | OrderChanged | evt-2 | o-1 | {"total": 6}   |
    Then the event is acknowledged
    And within 500 ms event "evt-9" arrives on topic "explanation.value"
    And the expectation fails with "EXPECTATION_TIMEOUT"
    And its explanation says:
      """
      expect_event: no matching event came on `explanation.value` within 500 ms
      """
