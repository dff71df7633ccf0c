Feature: Events with a schema are written and read as services with a schema registry do it
  Subject: formats avro, protobuf and json-schema; subjects, keys, evolution, refusals.

  Scenario: Avro brings back what went out, large numbers, decimals and bytes too
    Given these topic directives:
      """
      topics:
        - topic: schemas.avro
          role: both
          create: {partitions: 1}
          format: avro
          auto.register.schemas: true
          schema:
            type: record
            name: Order
            namespace: shop
            fields:
              - {name: number, type: long}
              - {name: total, type: {type: bytes, logicalType: decimal, precision: 20, scale: 2}}
              - {name: seal, type: bytes}
              - {name: placed, type: {type: long, logicalType: timestamp-millis}}
              - {name: state, type: {type: enum, name: State, symbols: [NEW, PAID]}}
              - {name: note, type: ["null", string], default: null}
              - {name: lines, type: {type: array, items: {type: record, name: Line, fields: [{name: sku, type: string}, {name: count, type: int}]}}}
              - {name: tags, type: {type: map, values: double}}
      """
    When I produce event "Order" with id "avro-1" to topic "schemas.avro":
      """
      {"number": 9007199254740993, "total": "123456789012345678.90", "seal": "AP8Q", "placed": 1767323045678,
       "state": "PAID", "lines": [{"sku": "a", "count": 2}, {"sku": "b", "count": 1}], "tags": {"weight": 1.5}}
      """
    Then the event is acknowledged
    And the consumed event "avro-1" on topic "schemas.avro" has value:
      """
      {"number": 9007199254740993, "total": "123456789012345678.90", "seal": "AP8Q", "placed": 1767323045678,
       "state": "PAID", "note": null, "lines": [{"sku": "a", "count": 2}, {"sku": "b", "count": 1}], "tags": {"weight": 1.5}}
      """
    And within 5 seconds an "Order" event arrives on topic "schemas.avro" where:
      | path          | matcher | value            |
      | number        | equals  | 9007199254740993 |
      | lines[1].sku  | equals  | "b"              |

  Scenario: Protobuf brings back nested messages, maps and times
    Given these topic directives:
      """
      topics:
        - topic: schemas.protobuf
          role: both
          create: {partitions: 1}
          format: protobuf
          auto.register.schemas: true
          schema: |
            syntax = "proto3";
            package shop;
            import "google/protobuf/timestamp.proto";
            message Order {
              int64 number = 1;
              bytes seal = 2;
              google.protobuf.Timestamp placed = 3;
              repeated Line lines = 4;
              map<string, double> tags = 5;
              oneof payment { string card = 6; string iban = 7; }
              message Line { string sku = 1; uint32 count = 2; }
            }
      """
    When I produce event "Order" with id "proto-1" to topic "schemas.protobuf":
      """
      {"number": 9007199254740993, "seal": "AP8Q", "placed": "2026-01-02T03:04:05.678Z",
       "lines": [{"sku": "a", "count": 2}], "tags": {"weight": 1.5}, "iban": "DE00"}
      """
    Then the event is acknowledged
    And within 5 seconds an "Order" event arrives on topic "schemas.protobuf" where:
      | path         | matcher | value                      |
      | number       | equals  | 9007199254740993           |
      | seal         | equals  | "AP8Q"                     |
      | placed       | equals  | "2026-01-02T03:04:05.678Z" |
      | lines[0].sku | equals  | "a"                        |
      | tags.weight  | equals  | 1.5                        |
      | iban         | equals  | "DE00"                     |
      | card         | absent  |                            |

  Scenario: A JSON event that breaks its schema is refused, and the topic goes on
    Given these topic directives:
      """
      topics:
        - topic: schemas.json
          role: both
          create: {partitions: 1}
          format: json-schema
          auto.register.schemas: true
          schema:
            $schema: http://json-schema.org/draft-07/schema#
            title: Order
            type: object
            required: [number]
            properties: {number: {type: integer}, note: {type: string, maxLength: 5}}
      """
    When I produce event "Order" with id "broken" to topic "schemas.json":
      """
      {"number": "7"}
      """
    Then the event is refused with "ENCODE_FAILED"
    When I produce event "Order" with id "whole" to topic "schemas.json":
      """
      {"number": 7, "note": "short"}
      """
    Then the event is acknowledged
    And the consumed event "whole" on topic "schemas.json" has value:
      """
      {"number": 7, "note": "short"}
      """
    And the journal of topic "schemas.json" holds:
      | id    |
      | whole |

  Scenario: An event whose subject nobody registered is refused at once
    Given these topic directives:
      """
      topics: [{topic: schemas.missing, role: both, create: {partitions: 1}, format: avro}]
      """
    When I produce event "Order" with id "early" to topic "schemas.missing":
      """
      {"number": 1}
      """
    Then the event is refused with "SCHEMA_NOT_FOUND"

  Scenario: A schema that cannot follow the registered one is refused
    Given these topic directives:
      """
      topics:
        - topic: schemas.incompatible
          role: both
          create: {partitions: 1}
          format: avro
          auto.register.schemas: true
          schema: {type: record, name: Order, fields: [{name: number, type: long}]}
        - topic: schemas.incompatible
          as: changed
          role: producer
          create: {partitions: 1}
          format: avro
          auto.register.schemas: true
          schema: {type: record, name: Order, fields: [{name: number, type: string}]}
      """
    When I produce event "Order" with id "first" to topic "schemas.incompatible":
      """
      {"number": 1}
      """
    Then the event is acknowledged
    When I produce event "Order" with id "second" to topic "changed":
      """
      {"number": "1"}
      """
    Then the event is refused with "SCHEMA_INCOMPATIBLE"

  Scenario: Keys have schemas of their own
    Given these topic directives:
      """
      topics:
        - topic: schemas.keys
          role: both
          create: {partitions: 1}
          format: json-schema
          keyFormat: avro
          auto.register.schemas: true
          schema: {$schema: "http://json-schema.org/draft-07/schema#", title: Order, type: object}
          keySchema: {type: record, name: OrderKey, fields: [{name: region, type: string}, {name: number, type: long}]}
      """
    When I produce to topic "schemas.keys" the event:
      """
      {type: Order, id: keyed, key: '{"region": "eu", "number": 7}', value: {paid: true}}
      """
    Then the event is acknowledged
    And within 5 seconds an event with key "{\"number\":7,\"region\":\"eu\"}" arrives on topic "schemas.keys"

  Scenario: Several types of event share a topic, each with a subject of its own
    Given these topic directives:
      """
      topics:
        - topic: schemas.several
          role: both
          create: {partitions: 1}
          format: avro
          auto.register.schemas: true
          subject: {strategy: TopicRecordNameStrategy}
          schema:
            - {type: record, name: OrderCreated, namespace: shop, fields: [{name: number, type: long}]}
            - {type: record, name: OrderPaid, namespace: shop, fields: [{name: amount, type: double}]}
      """
    When I produce event "OrderCreated" with id "created" to topic "schemas.several":
      """
      {"number": 1}
      """
    And I produce event "OrderPaid" with id "paid" to topic "schemas.several":
      """
      {"amount": 2.5}
      """
    Then the event is acknowledged
    And within 5 seconds these events arrive on topic "schemas.several" in order:
      | type         | id      | path   | value |
      | OrderCreated | created | number | 1     |
      | OrderPaid    | paid    | amount | 2.5   |

  Scenario: A reader with a newer schema sees the defaults of what is older
    Given these topic directives:
      """
      topics:
        - topic: schemas.evolution
          role: producer
          create: {partitions: 1}
          format: avro
          auto.register.schemas: true
          schema: {type: record, name: Order, fields: [{name: number, type: int}, {name: gone, type: string}]}
        - topic: schemas.evolution
          as: newer
          role: consumer
          create: {partitions: 1}
          format: avro
          schema: {type: record, name: Order, fields: [{name: number, type: long}, {name: currency, type: string, default: EUR}]}
      """
    When I produce event "Order" with id "old" to topic "schemas.evolution":
      """
      {"number": 7, "gone": "x"}
      """
    Then the event is acknowledged
    And the consumed event "old" on topic "newer" has value:
      """
      {"number": 7, "currency": "EUR"}
      """

  Scenario: A record that is not in the wire format is undecodable, and what follows is delivered
    Given these topic directives:
      """
      topics:
        - topic: schemas.poison
          role: both
          create: {partitions: 1}
          format: avro
          auto.register.schemas: true
          schema: '"string"'
        - {topic: schemas.poison, as: raw, role: producer, create: {partitions: 1}, format: json}
      """
    When I produce event "Order" with id "poison" to topic "raw":
      """
      {"number": 7}
      """
    And I produce event "Order" with id "sound" to topic "schemas.poison":
      """
      "all is well"
      """
    Then the event is acknowledged
    And within 5 seconds event "sound" arrives on topic "schemas.poison"
    And an undecodable event arrives on topic "schemas.poison" within 5 seconds
    And the journal of topic "schemas.poison" holds:
      | id     | error         |
      | poison | DECODE_FAILED |
      | sound  |               |

  Scenario Outline: The key is a CloudEvent of ten fields under a schema
    Given these topic directives:
      """
      topics:
        - topic: schemas.cloudevent.<format>
          role: both
          create: {partitions: 1}
          envelope: ce-key
          format: json
          keyFormat: <format>
          auto.register.schemas: true
          keySchema: {file: tests/features/schemas/<file>}
      """
    When I produce event "OrderCreated" with id "ce-1" to topic "schemas.cloudevent.<format>":
      """
      {"number": 1}
      """
    Then the event is acknowledged
    And within 5 seconds event "ce-1" arrives on topic "schemas.cloudevent.<format>"
    And within 5 seconds an "OrderCreated" event arrives on topic "schemas.cloudevent.<format>"

    Examples:
      | format      | file             |
      | avro        | cloudevent.avsc  |
      | protobuf    | cloudevent.proto |
      | json-schema | cloudevent.json  |

  Scenario: The test id of a foreign system is in a value under a schema
    Given these topic directives:
      """
      topics:
        - topic: schemas.correlation
          role: both
          create: {partitions: 1}
          envelope: none
          correlation: {testId: "value:/meta/test", id: "value:/number", type: none, version: none}
          format: avro
          auto.register.schemas: true
          schema:
            type: record
            name: Order
            fields:
              - {name: number, type: string}
              - {name: meta, type: {type: record, name: Meta, fields: [{name: test, type: string}]}}
      """
    When I produce to topic "schemas.correlation" the event:
      """
      {id: o-7, value: {}}
      """
    Then the event is acknowledged
    And within 5 seconds event "o-7" arrives on topic "schemas.correlation"
