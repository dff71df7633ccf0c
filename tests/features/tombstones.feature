Feature: A null value is a tombstone and goes through every layer
  Subject: producing, expecting and fetching records without a value.

  Scenario: A tombstone of this test is found by its key
    Given topic "tombstones.key" with 1 partition
    When I produce a tombstone with key "o-1" to topic "tombstones.key"
    Then the event is acknowledged
    And within 5 seconds an event with key "o-1" arrives on topic "tombstones.key"

  Scenario: A tombstone may carry an envelope, headers and a time
    Given topic "tombstones.event" with 1 partition
    When I produce to topic "tombstones.event" the event:
      """
      type: Removed
      version: "2"
      id: gone
      key: o-2
      headers: {reason: [expired, null, twice]}
      partition: 0
      timestamp: 2026-01-31T12:00:00Z
      """
    Then the event is acknowledged
    And within 5 seconds a "Removed" event arrives on topic "tombstones.event"
    And the consumed event "gone" on topic "tombstones.event" has value:
      """
      null
      """

  Scenario: Another client's tombstone that carries no test id is a doubt
    Given topic "tombstones.foreign" with 1 partition
    When another client produces to topic "tombstones.foreign" the record:
      """
      {"key": "o-3", "value": null, "headers": []}
      """
    And within 300 ms an event with key "o-3" arrives on topic "tombstones.foreign"
    Then the expectation is inconclusive
