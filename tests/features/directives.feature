Feature: Topic directives are checked before anything connects
  Subject: unique names, bootstrap servers, unknown keys; every mistake is reported at once.

  Scenario Outline: Topics must be unique
    Given failures are kept
    When these topic directives:
      """
      topics: [<topics>]
      """
    Then the step fails with "DUPLICATE_TOPIC"
    And its explanation says:
      """
      Topics must be unique. Duplicates found: <duplicates>
      """

    Examples:
      | topics                                                                                                                              | duplicates                    |
      | {topic: orders.events, role: producer}, {topic: orders.events, role: consumer}                                                      | orders.events                 |
      | {topic: b, role: both}, {topic: a, role: both}, {topic: b, role: both}, {topic: a, role: both}, {topic: c, role: both}              | a, b                          |
      | {topic: x, as: one, role: both}, {topic: y, as: one, role: both}                                                                    | one                           |
      | {topic: t, role: both}, {topic: t, role: both}, {topic: t, role: both}                                                              | t                             |

  Scenario: A topic that the session has already cannot be added again
    Given failures are kept
    And topic "directives.added"
    When topic "directives.added" with 2 partitions
    Then the step fails with "DUPLICATE_TOPIC"
    And its explanation says:
      """
      Topics must be unique. Duplicates found: directives.added
      """

  Scenario Outline: Bootstrap servers are a list of hosts with ports
    Given failures are kept
    When these topic directives:
      """
      topics: [{topic: directives.servers, role: both, bootstrapServers: "<servers>"}]
      """
    Then the step fails with "INVALID_BOOTSTRAP_SERVERS"
    And its explanation says:
      """
      Bootstrap servers "<servers>" has invalid format. Expected: host:port or comma-separated list
      """

    Examples:
      | servers                 |
      | invalid-format          |
      | localhost:              |
      | localhost:abc           |
      | localhost:0             |
      | localhost:65536         |
      | :9092                   |
      | host1:9092,             |
      | host1:9092,host2        |
      | bad host:9092           |

  Scenario: Bootstrap servers that are empty are no list either
    Given failures are kept
    When these topic directives:
      """
      topics: [{topic: directives.servers, role: both, bootstrapServers: ""}]
      """
    Then the step fails with "INVALID_BOOTSTRAP_SERVERS"

  Scenario: Every mistake is reported at once, with its place and a hint
    Given failures are kept
    When these topic directives:
      """
      topics:
        - topic: orders
          rolle: both
        - topic: "bad name"
          role: observer
      """
    Then the step fails with "INVALID_DIRECTIVE"

  Scenario: A topic that is not there is an error at once
    Given failures are kept
    And topic "directives.unknown" does not exist
    When these topic directives:
      """
      topics: [{topic: directives.unknown, role: both}]
      """
    Then the step fails with "UNKNOWN_TOPIC"

  Scenario: A topic that the system under test creates later is waited for
    Given topic "directives.later" does not exist
    And these topic directives:
      """
      topics: [{topic: directives.later, role: consumer, missing: wait}]
      """
    When another client creates topic "directives.later" with 1 partition
    And another client produces to topic "directives.later" the record:
      """
      {"headers": [["ce_testid", "{testId}"], ["ce_type", "Late"], ["ce_correlationid", "late"]], "value": {}}
      """
    Then within 10 seconds event "late" arrives on topic "directives.later"

  Scenario: A step that names a topic without directive is a mistake at once
    Given failures are kept
    And topic "directives.there"
    When I produce event "OrderCreated" with id "evt-1" to topic "directives.elsewhere":
      """
      {}
      """
    Then the step fails with "ACTOR_NOT_REGISTERED"
