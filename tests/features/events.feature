Feature: Events are written in three ways, and what a broker or a format refuses is kept
  Subject: produce steps with a doc string of JSON, of YAML and with a table; refusals.

  Scenario: An event in YAML has every part that a record can have
    Given topic "events.yaml" with 3 partitions
    When I produce to topic "events.yaml" the event:
      """
      type: OrderCreated
      version: "3"
      id: yaml-1
      key: {base64: "b+k="}
      headers:
        - [region, eu]
        - [region, null]
        - [trace, {base64: "/wA="}]
      value: {total: 5, when: 2026-01-31}
      partition: 2
      timestamp: 1750000000000
      """
    Then the event is acknowledged
    And the consumed event "yaml-1" on topic "events.yaml" has value:
      """
      {"total": 5, "when": "2026-01-31"}
      """

  Scenario: Several messages in one table are all acknowledged
    Given topic "events.table" with 2 partitions
    When I publish to topic "events.table" the messages:
      | type | version | id  | key | value          | partition | timestamp            | header:region |
      | A    | 1       | t-1 | k   | {"n": 1}       | 1         | 2026-01-31T12:00:00Z | eu            |
      | B    |         | t-2 |     | just text      | 0         | 1750000000000        |               |
      | C    | 2       | t-3 |     | [1, 2]         | 1         |                      | us            |
    Then the message is acknowledged
    And the consumed message "t-1" on topic "events.table" has value:
      """
      {"n": 1}
      """
    And the consumed message "t-2" on topic "events.table" has value:
      """
      "just text"
      """
    And the consumed message "t-3" on topic "events.table" has value:
      """
      [1, 2]
      """

  Scenario: A value that its format cannot hold is refused, and the topic goes on
    Given these topic directives:
      """
      topics: [{topic: events.refused, role: both, format: string, create: {partitions: 1}}]
      """
    When I produce event "Text" with id "object" to topic "events.refused":
      """
      {"this": "is no text"}
      """
    Then the event is refused with "ENCODE_FAILED"
    When I produce event "Text" with id "text" to topic "events.refused":
      """
      "this is"
      """
    Then the event is acknowledged
    And within 5 seconds event "text" arrives on topic "events.refused"
    And the journal of topic "events.refused" holds:
      | id   |
      | text |

  Scenario: A refusal that no step took fails the next produce step
    Given failures are kept
    And these topic directives:
      """
      topics: [{topic: events.ignored, role: both, format: string, create: {partitions: 1}}]
      """
    When I produce event "Text" with id "object" to topic "events.ignored":
      """
      {"this": "is no text"}
      """
    And I produce event "Text" with id "text" to topic "events.ignored":
      """
      "this is"
      """
    Then the step fails with "ENCODE_FAILED"

  Scenario: An event that was refused is not acknowledged
    Given failures are kept
    And these topic directives:
      """
      topics: [{topic: events.unacknowledged, role: both, format: string, create: {partitions: 1}}]
      """
    When I produce event "Text" with id "object" to topic "events.unacknowledged":
      """
      {"this": "is no text"}
      """
    Then the event is acknowledged
    And the step fails with "ENCODE_FAILED"

  Scenario: A doc string that is no JSON is a mistake of the step
    Given failures are kept
    And topic "events.mistake"
    When I produce event "OrderCreated" with id "evt-1" to topic "events.mistake":
      """
      {"total": 5
      """
    Then the step fails with "INVALID_ARGUMENT"

  Scenario: A column that no event has is a mistake of the step
    Given failures are kept
    And topic "events.column"
    When I produce to topic "events.column" the events:
      | type | ident | value |
      | A    | 1     | 2     |
    Then the step fails with "INVALID_ARGUMENT"
