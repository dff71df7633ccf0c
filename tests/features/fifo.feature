Feature: Events keep their order
  Subject: the order in which events are produced is the order of the journal.

  Scenario: Events of one table are read in the order in which they were written
    Given topic "fifo.table" with 1 partition
    When I produce to topic "fifo.table" the events:
      | type | id  | value |
      | Step | s-1 | 1     |
      | Step | s-2 | 2     |
      | Step | s-3 | 3     |
      | Step | s-4 | 4     |
      | Step | s-5 | 5     |
    Then the event is acknowledged
    And within 5 seconds event "s-5" arrives on topic "fifo.table"
    And the journal of topic "fifo.table" holds:
      | type | id  |
      | Step | s-1 |
      | Step | s-2 |
      | Step | s-3 |
      | Step | s-4 |
      | Step | s-5 |

  Scenario: Events of several steps are read in the order of the steps
    Given topic "fifo.steps" with 1 partition
    When I send event "First" with id "z" to topic "fifo.steps":
      """
      {}
      """
    And I send event "Second" with id "y" to topic "fifo.steps":
      """
      {}
      """
    And I send a tombstone with key "k" to topic "fifo.steps"
    And I send event "Last" with id "x" to topic "fifo.steps":
      """
      {}
      """
    Then the event is acknowledged
    And within 5 seconds event "x" arrives on topic "fifo.steps"
    And the journal of topic "fifo.steps" holds:
      | type   |
      | First  |
      | Second |
      |        |
      | Last   |

  Scenario: Two hundred events of another client are read whole and in order
    Given topic "fifo.many" with 1 partition
    When another client sends 200 events of this test to topic "fifo.many"
    Then within 10 seconds event "sent-200" arrives on topic "fifo.many"
    And the journal of topic "fifo.many" holds the 200 events that were sent, in order
