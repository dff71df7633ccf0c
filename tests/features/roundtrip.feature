Feature: An event goes out, is acknowledged by a broker, and comes back
  Subject: producing, the acknowledgement, and expecting by id, by type and by key.

  Scenario: An event that was acknowledged arrives and has its value
    Given topic "roundtrip.orders"
    When I produce event "OrderCreated" with id "evt-1" to topic "roundtrip.orders":
      """
      {"orderId": "o-1", "total": 5, "lines": [{"sku": "a", "count": 2}], "note": null}
      """
    Then the event is acknowledged
    And within 5 seconds event "evt-1" arrives on topic "roundtrip.orders"
    And within 5 seconds an "OrderCreated" event arrives on topic "roundtrip.orders"
    And the consumed event "evt-1" on topic "roundtrip.orders" has value:
      """
      {"lines": [{"count": 2, "sku": "a"}], "note": null, "orderId": "o-1", "total": 5.0}
      """

  Scenario Outline: Sending, publishing and producing are one, as are events and messages
    Given topic "roundtrip.words"
    When I <verb> <noun> "Said" with id "<id>" to topic "roundtrip.words":
      """
      {"said": "<verb>"}
      """
    Then the <noun> is acknowledged
    And within <time> <noun> "<id>" arrives on topic "roundtrip.words"
    And within <time> a "Said" <noun> arrives on topic "roundtrip.words"
    And the consumed <noun> "<id>" on topic "roundtrip.words" has value:
      """
      {"said": "<verb>"}
      """

    Examples: Every word, and every way to write a time
      | verb    | noun    | id  | time         |
      | produce | event   | w-1 | 5 seconds    |
      | send    | message | w-2 | 5000 ms      |
      | publish | event   | w-3 | PT5S         |
      | publish | message | w-4 | 0.1 minutes  |
      | send    | event   | w-5 | 5s           |

  Scenario: An event is found by its key
    Given topic "roundtrip.keys" with 3 partitions
    When I produce to topic "roundtrip.keys" the events:
      | type  | id | key | value     |
      | Keyed | k1 | o-1 | {"n": 1}  |
      | Keyed | k2 | o-2 | {"n": 2}  |
      | Keyed | k3 | o-3 | {"n": 3}  |
    Then the event is acknowledged
    And within 5 seconds an event with key "o-2" arrives on topic "roundtrip.keys"
    And within 5 seconds a message with key "o-3" arrives on topic "roundtrip.keys"

  Scenario: A topic is created with as many partitions as its step says
    Given topic "roundtrip.partitions" does not exist
    And topic "roundtrip.partitions" with 4 partitions
    When I produce to topic "roundtrip.partitions" the event:
      """
      {type: Placed, id: last, partition: 3, value: {}}
      """
    Then the event is acknowledged
    And within 5 seconds event "last" arrives on topic "roundtrip.partitions"

  Scenario: Topics may be added to a session that runs
    Given topic "roundtrip.first"
    When I produce event "Early" with id "e-1" to topic "roundtrip.first":
      """
      1
      """
    And topic "roundtrip.second"
    And I produce event "Late" with id "e-2" to topic "roundtrip.second":
      """
      2
      """
    Then the event is acknowledged
    And within 5 seconds event "e-1" arrives on topic "roundtrip.first"
    And within 5 seconds event "e-2" arrives on topic "roundtrip.second"
