Feature: What was consumed is fetched by id
  Subject: fetching is immediate, repeatable and never destructive; the first of an id is given.

  Scenario: An event that nobody sent has not been seen
    Given topic "fetch.missing"
    When I produce event "OrderCreated" with id "there" to topic "fetch.missing":
      """
      {}
      """
    Then the event is acknowledged
    And within 5 seconds event "there" arrives on topic "fetch.missing"
    And fetching event "not-there" from topic "fetch.missing" says "not seen yet"

  Scenario: Of two events with one id the first is given, and both are in the journal
    Given topic "fetch.twice" with 1 partition
    When I produce event "Paid" with id "dup" to topic "fetch.twice":
      """
      {"attempt": 1}
      """
    And I produce event "Paid" with id "dup" to topic "fetch.twice":
      """
      {"attempt": 2}
      """
    And I produce event "Done" with id "end" to topic "fetch.twice":
      """
      {}
      """
    Then the event is acknowledged
    And within 5 seconds event "end" arrives on topic "fetch.twice"
    And the consumed event "dup" on topic "fetch.twice" has value:
      """
      {"attempt": 1}
      """
    And the consumed event "dup" on topic "fetch.twice" has value:
      """
      {"attempt": 1}
      """
    And the journal of topic "fetch.twice" holds:
      | type | id  |
      | Paid | dup |
      | Paid | dup |
      | Done | end |

  Scenario: The whole value is compared, not a part of it
    Given failures are kept
    And topic "fetch.whole"
    When I produce event "OrderCreated" with id "whole" to topic "fetch.whole":
      """
      {"total": 5, "currency": "CHF"}
      """
    Then the event is acknowledged
    And the consumed event "whole" on topic "fetch.whole" has value:
      """
      {"total": 5}
      """
    And the expectation fails with "EXPECTATION_TIMEOUT"
    And the consumed event "whole" on topic "fetch.whole" has value:
      """
      {"currency": "CHF", "total": 5}
      """
