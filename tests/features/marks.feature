Feature: Expectations look from a mark, or for another event
  Subject: marks, and `another`.

  Scenario: What lies before a mark is not found
    Given topic "marks.before" with 1 partition
    When I produce event "Confirmed" with id "c-1" to topic "marks.before":
      """
      {}
      """
    Then the event is acknowledged
    And within 5 seconds a "Confirmed" event arrives on topic "marks.before"
    Given I mark topic "marks.before"
    Then no "Confirmed" event arrives on topic "marks.before" within 300 ms
    When I produce event "Confirmed" with id "c-2" to topic "marks.before":
      """
      {}
      """
    Then the event is acknowledged
    And within 5 seconds a "Confirmed" event arrives on topic "marks.before"
    And within 5 seconds event "c-2" arrives on topic "marks.before"

  Scenario: A mark of one topic leaves the others alone
    Given topic "marks.one" with 1 partition
    And topic "marks.other" with 1 partition
    When I produce event "Sent" with id "o-1" to topic "marks.one":
      """
      {}
      """
    And I produce event "Sent" with id "o-2" to topic "marks.other":
      """
      {}
      """
    Then the event is acknowledged
    And I mark topic "marks.one"
    And within 5 seconds event "o-2" arrives on topic "marks.other"
    And no "Sent" event arrives on topic "marks.one" within 300 ms

  Scenario: Another event is one behind that which was found
    Given topic "marks.another" with 1 partition
    When I produce to topic "marks.another" the events:
      | type      | id  | value |
      | Confirmed | a-1 | 1     |
      | Confirmed | a-2 | 2     |
    Then the event is acknowledged
    And within 5 seconds a "Confirmed" event arrives on topic "marks.another"
    And within 5 seconds another "Confirmed" event arrives on topic "marks.another"

  Scenario: There is no other event where there was one
    Given failures are kept
    And topic "marks.none" with 1 partition
    When I produce event "Confirmed" with id "only" to topic "marks.none":
      """
      {}
      """
    Then the event is acknowledged
    And within 5 seconds a "Confirmed" event arrives on topic "marks.none"
    And within 300 ms another "Confirmed" event arrives on topic "marks.none"
    And the expectation fails with "EXPECTATION_TIMEOUT"

  Scenario: After a mark the first event counts as another
    Given topic "marks.fresh" with 1 partition
    When I produce event "Confirmed" with id "f-1" to topic "marks.fresh":
      """
      {}
      """
    Then the event is acknowledged
    And within 5 seconds a "Confirmed" event arrives on topic "marks.fresh"
    Given I mark topic "marks.fresh"
    When I produce event "Confirmed" with id "f-2" to topic "marks.fresh":
      """
      {}
      """
    Then the event is acknowledged
    And within 5 seconds another "Confirmed" event arrives on topic "marks.fresh"

  Scenario: What was consumed before a mark is fetched all the same
    Given topic "marks.consumed" with 1 partition
    When I produce event "Confirmed" with id "c-1" to topic "marks.consumed":
      """
      {"status": "CONFIRMED"}
      """
    Then the event is acknowledged
    And within 5 seconds event "c-1" arrives on topic "marks.consumed"
    Given I mark topic "marks.consumed"
    Then the consumed event "c-1" on topic "marks.consumed" has value:
      """
      {"status": "CONFIRMED"}
      """
