Feature: What cannot be known is inconclusive, never a pass
  Subject: undecodable records, records without a test id, and where they are no doubt.

  Scenario: A forbidden event may be the one that could not be decoded
    Given topic "doubt.undecodable" with 1 partition
    When another client produces to topic "doubt.undecodable" the record:
      """
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "OrderRejected"]], "value": "{broken"}
      """
    And no "OrderRejected" event arrives on topic "doubt.undecodable" within 300 ms
    Then the expectation is inconclusive

  Scenario: An expected event may be the one that could not be decoded
    Given topic "doubt.expected" with 1 partition
    When another client produces to topic "doubt.expected" the record:
      """
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "OrderConfirmed"]], "value": "{broken"}
      """
    And within 300 ms an "OrderConfirmed" event arrives on topic "doubt.expected"
    Then the expectation is inconclusive

  Scenario: A record that carries no test id is nobody's and may be anybody's
    Given topic "doubt.unattributed" with 1 partition
    When another client produces to topic "doubt.unattributed" the record:
      """
      {"headers": [["ce_type", "OrderRejected"]], "value": {}}
      """
    And no "OrderRejected" event arrives on topic "doubt.unattributed" within 300 ms
    Then the expectation is inconclusive
    When within 300 ms an "OrderRejected" event arrives on topic "doubt.unattributed"
    Then the expectation is inconclusive

  Scenario: A record without test id of another type is no doubt
    Given topic "doubt.type" with 1 partition
    When another client produces to topic "doubt.type" the record:
      """
      {"headers": [["ce_type", "StockChanged"]], "value": {}}
      """
    Then no "OrderRejected" event arrives on topic "doubt.type" within 300 ms

  Scenario: Records without test id are no doubt where the directive ignores them
    Given these topic directives:
      """
      topics: [{topic: doubt.ignored, role: both, unattributed: ignore, create: {partitions: 1}}]
      """
    When another client produces to topic "doubt.ignored" the record:
      """
      {"headers": [["ce_type", "OrderRejected"]], "value": {}}
      """
    Then no "OrderRejected" event arrives on topic "doubt.ignored" within 300 ms

  Scenario: A pass is a pass, whatever else lies there
    Given topic "doubt.passed" with 1 partition
    When another client produces to topic "doubt.passed" the records:
      """
      {"headers": [["ce_type", "OrderConfirmed"]], "value": {}}
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "OrderConfirmed"]], "value": "{broken"}
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "OrderConfirmed"]], "value": {"status": "CONFIRMED"}}
      """
    Then within 5 seconds an "OrderConfirmed" event arrives on topic "doubt.passed"
