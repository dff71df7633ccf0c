Feature: Tests that share a topic do not see each other's events
  Subject: scenarios that run side by side on one topic, with the same ids and types; other tests of other clients.

  Scenario Outline: A test on a shared topic sees its own events alone
    Given topic "sharing.orders" with 2 partitions
    When I produce to topic "sharing.orders" the events:
      | type         | id   | value               | partition |
      | OrderCreated | same | {"by": "<test>"}    | 1         |
      | OrderChanged | last | {"by": "<test>"}    | 1         |
    Then the event is acknowledged
    And within 5 seconds event "last" arrives on topic "sharing.orders"
    And the consumed event "same" on topic "sharing.orders" has value:
      """
      {"by": "<test>"}
      """
    And the journal of topic "sharing.orders" holds:
      | id   |
      | same |
      | last |
    And no "OrderRejected" event arrives on topic "sharing.orders" within 200 ms

    Examples:
      | test   |
      | first  |
      | second |
      | third  |
      | fourth |

  Scenario: A look-alike of another test satisfies nothing
    Given failures are kept
    And topic "sharing.lookalike" with 1 partition
    When another client produces to topic "sharing.lookalike" the record:
      """
      {"headers": [["ce_testid", "another-test"], ["ce_type", "OrderCreated"], ["ce_correlationid", "same"]], "value": {}}
      """
    And within 300 ms event "same" arrives on topic "sharing.lookalike"
    Then the expectation fails with "EXPECTATION_TIMEOUT"
    And fetching event "same" from topic "sharing.lookalike" says "not seen yet"

  Scenario: A foreign system may keep the test id in the value, and the id in the key
    Given these topic directives:
      """
      topics:
        - topic: sharing.correlated
          role: both
          create: {partitions: 1}
          correlation: {testId: "value:/meta/test", id: key, type: "header:kind"}
      """
    When another client produces to topic "sharing.correlated" the records:
      """
      {"key": "k-1", "headers": [["kind", "Sold"]], "value": {"meta": {"test": "another-test"}, "n": 1}}
      {"key": "k-2", "headers": [["kind", "Sold"]], "value": {"meta": {"test": "{testId}"}, "n": 2}}
      """
    Then within 5 seconds event "k-2" arrives on topic "sharing.correlated"
    And the journal of topic "sharing.correlated" holds:
      | id  | type |
      | k-2 | Sold |

  Scenario: An answer belongs to the test that asked, by the id that it produced
    Given these topic directives:
      """
      topics:
        - topic: sharing.answers
          role: both
          create: {partitions: 1}
          correlation: {testId: produced-id}
      """
    When I produce to topic "sharing.answers" the event:
      """
      {type: Asked, id: question-1, value: {}}
      """
    And another client produces to topic "sharing.answers" the records:
      """
      {"headers": [["ce_type", "Answered"], ["ce_correlationid", "question-1"]], "value": {}}
      {"headers": [["ce_type", "Denied"], ["ce_correlationid", "question-2"]], "value": {}}
      """
    Then the event is acknowledged
    And within 5 seconds an "Answered" event arrives on topic "sharing.answers"
    And no "Denied" event arrives on topic "sharing.answers" within 300 ms
