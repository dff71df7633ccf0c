Feature: One test speaks to several clusters
  Subject: topics on named clusters, one topic name on two of them, probes of their own, servers of a directive.

  Scenario: Topics on two clusters take part in one test
    Given topic "clusters.here"
    And topic "clusters.there" on cluster "region2"
    When I produce event "Sent" with id "here-1" to topic "clusters.here":
      """
      {"from": "default"}
      """
    And I produce event "Sent" with id "there-1" to topic "clusters.there":
      """
      {"from": "region2"}
      """
    Then the event is acknowledged
    And within 5 seconds event "here-1" arrives on topic "clusters.here"
    And within 5 seconds event "there-1" arrives on topic "clusters.there"

  Scenario: One topic name on two clusters is two topics, and each event stays on its own
    Given these topic directives:
      """
      topics:
        - {topic: clusters.same, as: same@default, role: both, create: {partitions: 1}}
        - {topic: clusters.same, as: same@region2, role: both, cluster: region2, create: {partitions: 1}}
      """
    When I produce event "Sent" with id "d" to topic "same@default":
      """
      1
      """
    And I produce event "Sent" with id "r" to topic "same@region2":
      """
      2
      """
    Then the event is acknowledged
    And within 5 seconds event "d" arrives on topic "same@default"
    And within 5 seconds event "r" arrives on topic "same@region2"
    And the journal of topic "same@default" holds:
      | id |
      | d  |
    And the journal of topic "same@region2" holds:
      | id |
      | r  |

  Scenario: Consumers and producers of one test are mixed over clusters
    Given these topic directives:
      """
      topics:
        - {topic: clusters.input, role: both, cluster: region2, create: {partitions: 1}}
        - {topic: clusters.output, role: producer, create: {partitions: 1}}
        - {topic: clusters.observed, role: both, create: {partitions: 1}}
      """
    When I produce event "In" with id "in" to topic "clusters.input":
      """
      {}
      """
    And I produce event "Out" with id "out" to topic "clusters.output":
      """
      {}
      """
    And I produce event "Seen" with id "seen" to topic "clusters.observed":
      """
      {}
      """
    Then the event is acknowledged
    And within 5 seconds event "in" arrives on topic "clusters.input"
    And within 5 seconds event "seen" arrives on topic "clusters.observed"

  Scenario: A topic that only a producer may use cannot be expected from
    Given failures are kept
    And these topic directives:
      """
      topics: [{topic: clusters.roles, role: producer, create: {partitions: 1}}]
      """
    When within 300 ms event "any" arrives on topic "clusters.roles"
    Then the step fails with "ACTOR_NOT_REGISTERED"

  Scenario: A probe on a named cluster takes it where no step names one
    Given a probe on cluster "region2"
    And topic "clusters.region2"
    When I produce event "Sent" with id "r-1" to topic "clusters.region2":
      """
      {}
      """
    Then the event is acknowledged
    And within 5 seconds event "r-1" arrives on topic "clusters.region2"
    When another client sends 2 events of this test to topic "clusters.region2"
    Then within 5 seconds event "sent-2" arrives on topic "clusters.region2"

  Scenario: A probe on the embedded cluster needs no Kafka
    Given a probe on the embedded cluster
    And topic "clusters.embedded" with 2 partitions
    When I produce event "Sent" with id "e-1" to topic "clusters.embedded":
      """
      {}
      """
    Then the event is acknowledged
    And within 5 seconds event "e-1" arrives on topic "clusters.embedded"

  Scenario: A probe is made as its configuration file says
    Given a probe from configuration "tests/features/second.yaml"
    And topic "clusters.second"
    And topic "clusters.third" on cluster "third"
    When I produce event "Sent" with id "s-1" to topic "clusters.second":
      """
      {}
      """
    And I produce event "Sent" with id "t-1" to topic "clusters.third":
      """
      {}
      """
    Then the event is acknowledged
    And within 5 seconds event "s-1" arrives on topic "clusters.second"
    And within 5 seconds event "t-1" arrives on topic "clusters.third"

  Scenario: A cluster that the configuration does not have is named
    Given failures are kept
    When topic "clusters.nowhere" on cluster "atlantis"
    Then the step fails with "UNKNOWN_CLUSTER"

  Scenario: Servers of a directive are those that its topic connects to
    Given failures are kept
    And a probe from configuration "tests/features/second.yaml"
    When these topic directives:
      """
      topics: [{topic: clusters.custom, role: both, bootstrapServers: "127.0.0.1:1 , 127.0.0.1:2"}]
      """
    Then the step fails with "BROKER_UNREACHABLE"
