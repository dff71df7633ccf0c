Feature: A consumer group of the system under test has caught up
  Subject: the committed positions of a group against the end of a topic.

  Scenario: A group that committed the end of the topic has caught up
    Given topic "groups.done" does not exist
    And topic "groups.done" with 1 partition
    When another client sends 3 events of this test to topic "groups.done"
    And the consumer group "groups.billing" commits offset 3 of topic "groups.done"
    Then the consumer group "groups.billing" has caught up with topic "groups.done" within 10 seconds

  Scenario: A group that is behind has not caught up
    Given failures are kept
    And topic "groups.behind" does not exist
    And topic "groups.behind" with 1 partition
    When another client sends 3 events of this test to topic "groups.behind"
    And the consumer group "groups.slow" commits offset 1 of topic "groups.behind"
    Then the consumer group "groups.slow" has caught up with topic "groups.behind" within 500 ms
    And the expectation fails with "EXPECTATION_TIMEOUT"

  Scenario: A group that never committed has not caught up
    Given failures are kept
    And topic "groups.absent" does not exist
    And topic "groups.absent" with 1 partition
    When another client sends 1 event of this test to topic "groups.absent"
    Then the consumer group "groups.nobody" has caught up with topic "groups.absent" within 500 ms
    And the expectation fails with "EXPECTATION_TIMEOUT"
