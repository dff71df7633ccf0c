Feature: Events of several types share one topic
  Subject: one topic carries every type of a domain, and each event is told apart by its type and version.

  Scenario: Events of two types on one topic each arrive as what they are
    Given topic "types.domain" with 1 partition
    When I produce to topic "types.domain" the events:
      | type             | version | id        | key | value                               |
      | OrderCreated     | v1      | event-001 | o-1 | {"orderId": "o-1", "amount": 100.5} |
      | PaymentProcessed | v2      | event-002 | o-1 | {"paymentId": "p-1", "paid": true}  |
    Then the event is acknowledged
    And within 5 seconds an "OrderCreated" event arrives on topic "types.domain"
    And within 5 seconds a "PaymentProcessed" event arrives on topic "types.domain"
    And the consumed event "event-001" on topic "types.domain" has value:
      """
      {"orderId": "o-1", "amount": 100.5}
      """
    And the consumed event "event-002" on topic "types.domain" has value:
      """
      {"paymentId": "p-1", "paid": true}
      """
    And the journal of topic "types.domain" holds:
      | id        | type             | version |
      | event-001 | OrderCreated     | v1      |
      | event-002 | PaymentProcessed | v2      |

  Scenario Outline: A payload of any JSON kind goes through unchanged
    Given topic "types.json" with 1 partition
    When I produce event "Any" with id "<id>" to topic "types.json":
      """
      <value>
      """
    Then the event is acknowledged
    And the consumed event "<id>" on topic "types.json" has value:
      """
      <value>
      """

    Examples:
      | id      | value                                    |
      | object  | {"a": {"b": [1, {"c": null}]}}           |
      | list    | [1, "two", [3], {}]                      |
      | text    | "Zürich, in plain words"                 |
      | number  | 12345678901234                           |
      | decimal | 0.1                                      |
      | boolean | false                                    |

  Scenario: Text and bytes are formats of their own
    Given these topic directives:
      """
      topics:
        - {topic: types.text, role: both, format: string, create: {partitions: 1}}
        - {topic: types.bytes, role: both, format: bytes, create: {partitions: 1}}
      """
    When I produce to topic "types.text" the event:
      """
      {type: Greeting, id: text, value: "hello, world"}
      """
    And I produce to topic "types.bytes" the event:
      """
      {type: Blob, id: bytes, raw: {base64: "AP8B"}}
      """
    Then the event is acknowledged
    And the consumed event "text" on topic "types.text" has value:
      """
      "hello, world"
      """
    And within 5 seconds a "Blob" event arrives on topic "types.bytes"
