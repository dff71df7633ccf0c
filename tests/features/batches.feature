Feature: Positions are committed in batches for the group of the test
  Subject: every 20 records or after a quiet moment, without joining the group; stopping drains nothing. A Kafka tool sees it.

  Scenario: Twenty-five events are committed as twenty and five
    Given topic "batches.commits" with 1 partition
    Then a Kafka tool that sends 25 events of this test to topic "batches.commits" sees them committed as "20 + 5"

  Scenario: Fewer than a batch are committed after a quiet moment
    Given topic "batches.quiet" with 1 partition
    Then a Kafka tool that sends 3 events of this test to topic "batches.quiet" sees them committed as "3"

  Scenario: A session that is closed commits nothing more
    Given topic "batches.stopped" with 1 partition
    When another client sends 25 events of this test to topic "batches.stopped"
    And within 5 seconds event "sent-25" arrives on topic "batches.stopped"
    And the session is closed
    Then a Kafka tool sees that 20 of them are committed on topic "batches.stopped" and no more

  Scenario: A session that is closed answers no more
    Given failures are kept
    And topic "batches.closed"
    When the session is closed
    And within 1 second event "any" arrives on topic "batches.closed"
    Then the step fails with "SESSION_CLOSED"
