Feature: A record that cannot be decoded stops nothing
  Subject: poison records are kept with their error, later events are consumed, and a verdict that they touch is a doubt.

  Scenario: A poison record is skipped, kept with its error, and later events are consumed
    Given topic "poison.skipped" with 1 partition
    When another client produces to topic "poison.skipped" the records:
      """
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "Sold"], ["ce_correlationid", "good-1"]], "value": {"n": 1}}
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "Sold"], ["ce_correlationid", "bad-1"]], "value": "{\"n\": 2"}
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "Sold"], ["ce_correlationid", "good-2"]], "value": {"n": 3}}
      """
    Then an undecodable event arrives on topic "poison.skipped" within 5 seconds
    And within 5 seconds event "good-2" arrives on topic "poison.skipped"
    And fetching event "bad-1" from topic "poison.skipped" says "seen but undecodable"
    And the journal of topic "poison.skipped" holds:
      | id     | type | error         |
      | good-1 | Sold |               |
      | bad-1  | Sold | DECODE_FAILED |
      | good-2 | Sold |               |

  Scenario: The wire format of a schema registry on a JSON topic is undecodable, and the topic goes on
    Given topic "poison.wire" with 1 partition
    When another client produces to topic "poison.wire" the records:
      """
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "Sold"], ["ce_correlationid", "wire"]], "value_base64": "AAAAAAFhYg=="}
      """
    Then an undecodable message arrives on topic "poison.wire" within 5 seconds
    When I produce event "Sold" with id "recovered" to topic "poison.wire":
      """
      {"n": 4}
      """
    Then the event is acknowledged
    And the consumed event "recovered" on topic "poison.wire" has value:
      """
      {"n": 4}
      """

  Scenario: A poison record of another test is nobody's business
    Given topic "poison.foreign" with 1 partition
    When another client produces to topic "poison.foreign" the records:
      """
      {"headers": [["ce_testid", "another-test"], ["ce_type", "Sold"]], "value": "{broken"}
      """
    Then no "Sold" event arrives on topic "poison.foreign" within 300 ms

  Scenario: A poison record of a type that was not asked about is no doubt
    Given topic "poison.type" with 1 partition
    When another client produces to topic "poison.type" the records:
      """
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "Sold"]], "value": "{broken"}
      """
    Then an undecodable event arrives on topic "poison.type" within 5 seconds
    And no "Bought" event arrives on topic "poison.type" within 300 ms

  Scenario: What could not be decoded before the mark is not what is waited for
    Given failures are kept
    And topic "poison.marked" with 1 partition
    When another client produces to topic "poison.marked" the record:
      """
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "Sold"]], "value": "{broken"}
      """
    Then an undecodable event arrives on topic "poison.marked" within 5 seconds
    Given I mark topic "poison.marked"
    Then an undecodable event arrives on topic "poison.marked" within 300 ms
    And the step fails with "EXPECTATION_TIMEOUT"
