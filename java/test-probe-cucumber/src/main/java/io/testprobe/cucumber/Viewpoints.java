package io.testprobe.cucumber;

import io.testprobe.Mark;
import io.testprobe.Match;
import io.testprobe.ReceivedEvent;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** From where the expectations of a scenario look, by topic. */
final class Viewpoints {
  private final Map<String, Mark> marks = new HashMap<>();
  private final Map<String, ReceivedEvent> found = new HashMap<>();

  /** Looks from a mark on from now on; what was found before lies behind it. */
  void mark(String topic, Mark mark) {
    marks.put(topic, mark);
    found.remove(topic);
  }

  /** Notes what an expectation found. */
  void found(List<ReceivedEvent> events) {
    events.forEach(event -> found.put(event.topic(), event));
  }

  /** Returns whether an event came after the last mark of its topic. */
  boolean isNew(ReceivedEvent event) {
    Mark mark = marks.get(event.topic());
    return mark == null || mark.isBefore(event);
  }

  /** Returns the match from the last mark on, else from the session's start. */
  Match.Spec from(String topic, Match.Spec match) {
    Mark mark = marks.get(topic);
    return mark == null ? match : match.after(mark);
  }

  /** Returns the match behind the event that was found last. */
  Match.Spec behind(String topic, Match.Spec match) {
    ReceivedEvent last = found.get(topic);
    return last == null ? from(topic, match) : match.after(last);
  }
}
