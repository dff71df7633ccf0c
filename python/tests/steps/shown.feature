Feature: What steps do when something is wrong

  Scenario: an order arrives
    Given a probe on the embedded cluster
    And topic "orders"
    When I send event "OrderCreated" with id "evt-1" to topic "orders":
      """
      {"orderId": "o-1", "total": 5}
      """
    Then the event is acknowledged
    And within 5 seconds event "evt-1" arrives on topic "orders"
    And no "OrderRejected" event arrives on topic "orders" within 100 ms
    And the session is seen by a step of the user's

  Scenario: any keyword will do
    When topic "orders" with 2 partitions
    Given I publish to topic "orders" the messages:
      | type | id    | key | value        | header:region |
      | A    | evt-1 | k   | {"total": 5} | eu            |
      | B    | evt-2 | k   | words        |               |
    When within PT5S a "B" message arrives on topic "orders"
    Given within 5 s an event with key "k" arrives on topic "orders"

  Scenario: another is behind the one found last, and a mark forgets
    Given topic "orders"
    When I produce to topic "orders" the events:
      | type | id    |
      | A    | evt-1 |
      | A    | evt-2 |
    Then within 5 seconds an "A" event arrives on topic "orders"
    And within 5 seconds another "A" event arrives on topic "orders"
    And the event found last was "evt-2"
    When I produce to topic "orders" the events:
      | type | id    |
      | A    | evt-3 |
    Given I mark topic "orders"
    Then no "A" event arrives on topic "orders" within 100 ms
    When I produce to topic "orders" the events:
      | type | id    |
      | A    | evt-4 |
    Then within 5 seconds another "A" event arrives on topic "orders"
    And the event found last was "evt-4"
    When I produce a tombstone with key "k" to topic "orders"
    Then within 5 seconds an event with key "k" arrives on topic "orders"

  Scenario: a refusal that is taken passes
    Given topic "orders"
    When I produce to topic "orders" the event:
      """
      {type: A, partition: 7}
      """
    Then the event is refused with "UNKNOWN_TOPIC"

  Scenario: a doubt that is taken passes
    Given topic "orders"
    When a stranger produces an "A" event to topic "orders"
    Then within 200 ms an "A" event arrives on topic "orders"
    And the expectation is inconclusive

  Scenario: a scenario without the probe costs nothing
    When a step of the user's does nothing

  Scenario: a doubt that nobody takes fails at the end
    Given topic "orders"
    When a stranger produces an "A" event to topic "orders"
    Then within 200 ms an "A" event arrives on topic "orders"

  Scenario: a doubt that nobody takes fails at the next step
    Given topic "orders"
    When a stranger produces an "A" event to topic "orders"
    Then within 200 ms an "A" event arrives on topic "orders"
    And a step of the user's must not run

  Scenario: a refusal that nobody takes fails at the end
    Given topic "orders"
    When I produce to topic "orders" the event:
      """
      {type: A, partition: 7}
      """
    Then no "A" event arrives on topic "orders" within 100 ms

  Scenario: a refusal that nobody takes fails at the next event
    Given topic "orders"
    When I produce to topic "orders" the event:
      """
      {type: A, partition: 7}
      """
    And I produce a tombstone with key "k" to topic "orders"
    Then a step of the user's must not run

  Scenario: a refusal is told beside the failure that came first
    Given topic "orders"
    When I produce to topic "orders" the event:
      """
      {type: A, partition: 7}
      """
    Then within 100 ms an "A" event arrives on topic "orders"

  Scenario: a refusal for another reason fails
    Given topic "orders"
    When I produce to topic "orders" the event:
      """
      {type: A, partition: 7}
      """
    Then the event is refused with "SCHEMA_NOT_FOUND"

  Scenario: a refused event is not acknowledged
    Given topic "orders"
    When I produce to topic "orders" the events:
      | type | partition |
      | A    |           |
      | B    | 7         |
    Then the event is acknowledged

  Scenario: an expectation that fails says why
    Given topic "orders"
    When I produce to topic "orders" the events:
      | type |
      | A    |
    Then within 100 ms a "B" event arrives on topic "orders"

  Scenario: a typo in a table is named
    Given topic "orders"
    When I produce to topic "orders" the events:
      | type | kee |
      | A    | k   |

  Scenario: directives tell every problem
    Given these topic directives:
      """
      topics:
        - topic: orders
          rolle: both
        - topic: payments
          role: sometimes
      """

  Scenario: a value that is no JSON fails at once
    Given topic "orders"
    When I produce event "A" with id "evt-1" to topic "orders":
      """
      {"total": 5
      """

  Scenario: a topic without a directive fails at once
    Given topic "orders"
    When I produce a tombstone with key "k" to topic "payments"
    Then a step of the user's must not run

  Scenario: a step before any topic says what to do
    When I produce a tombstone with key "k" to topic "orders"

  Scenario: a table that is missing is named
    Given topic "orders"
    When I produce to topic "orders" the events:

  Scenario: an acknowledgement of nothing fails
    Given topic "orders"
    Then the event is acknowledged

  Scenario: an expectation that was certain is not inconclusive
    Given topic "orders"
    Then no "A" event arrives on topic "orders" within 100 ms
    And the expectation is inconclusive

  Scenario: a probe step after a topic step fails
    Given topic "orders"
    And a probe on the embedded cluster

  Scenario: a cluster that is not configured fails
    Given a probe on cluster "region2"

  Scenario: a code that is none fails
    Given topic "orders"
    When I produce a tombstone with key "k" to topic "orders"
    Then the event is refused with "SCHEMA_NOTFOUND"

  Scenario: a step that nobody defined fails
    Given topic "orders"
    When I wish for an event on topic "orders"
