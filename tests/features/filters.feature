Feature: Event filters decide what enters the journal
  Subject: eventFilters by type, version, header, key and value; what they hide is judged all the same.

  Scenario: Only events of the type and version that were asked for are kept
    Given these topic directives:
      """
      topics:
        - topic: filters.typed
          role: both
          create: {partitions: 1}
          eventFilters:
            - {eventType: OrderCreated, eventVersion: v1}
      """
    When I produce to topic "filters.typed" the events:
      | type         | version | id            | value |
      | OrderShipped | v1      | wrong-type    | 1     |
      | OrderCreated | v2      | wrong-version | 2     |
      | OrderCreated | v1      | right         | 3     |
    Then the event is acknowledged
    And within 5 seconds event "right" arrives on topic "filters.typed"
    And fetching event "wrong-type" from topic "filters.typed" says "seen but filtered out"
    And fetching event "wrong-version" from topic "filters.typed" says "seen but filtered out"
    And the journal of topic "filters.typed" holds:
      | id    | type         |
      | right | OrderCreated |

  Scenario: Values of one filter key are alternatives, different keys must all hold
    Given these topic directives:
      """
      topics:
        - topic: filters.keys
          role: both
          create: {partitions: 1}
          eventFilters:
            - {key: EventType, value: Created}
            - {key: EventType, value: Changed}
            - {key: Region, value: eu}
      """
    When I produce to topic "filters.keys" the events:
      | type    | id        | header:Region | value |
      | Created | created   | eu            | 1     |
      | Changed | elsewhere | us            | 2     |
      | Removed | removed   | eu            | 3     |
      | Changed | changed   | eu            | 4     |
    Then the event is acknowledged
    And within 5 seconds event "changed" arrives on topic "filters.keys"
    And the journal of topic "filters.keys" holds:
      | id      |
      | created |
      | changed |

  Scenario: A filter may look at the record key and into the value
    Given these topic directives:
      """
      topics:
        - topic: filters.inside
          role: both
          create: {partitions: 1}
          eventFilters:
            - {key: key, value: o-1}
            - {key: "value:/customer/country", value: ch}
      """
    When I produce to topic "filters.inside" the events:
      | type | id        | key | value                         |
      | Sold | other-key | o-2 | {"customer": {"country": "ch"}} |
      | Sold | abroad    | o-1 | {"customer": {"country": "fr"}} |
      | Sold | kept      | o-1 | {"customer": {"country": "ch"}} |
    Then the event is acknowledged
    And within 5 seconds event "kept" arrives on topic "filters.inside"
    And the journal of topic "filters.inside" holds:
      | id   |
      | kept |

  Scenario: A hidden event is not found, and is still no proof that nothing came
    Given failures are kept
    And topic "filters.hidden" does not exist
    And these topic directives:
      """
      topics:
        - topic: filters.hidden
          role: both
          create: {partitions: 1}
          eventFilters: [{eventType: Kept}]
      """
    When I produce event "Hidden" with id "h-1" to topic "filters.hidden":
      """
      {"seen": false}
      """
    Then the event is acknowledged
    And within 300 ms event "h-1" arrives on topic "filters.hidden"
    And the expectation fails with "EXPECTATION_TIMEOUT"
    And no "Hidden" event arrives on topic "filters.hidden" within 300 ms
    And the expectation fails with "UNEXPECTED_EVENT"
    And no "Kept" event arrives on topic "filters.hidden" within 300 ms
