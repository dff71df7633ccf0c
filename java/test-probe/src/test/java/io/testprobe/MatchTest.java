package io.testprobe;

import static io.testprobe.Support.LONG;
import static io.testprobe.Support.SHORT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a match of Java can say. What it means is in the vectors. */
@Timeout(300)
class MatchTest {
  @Test
  void values_places_and_expressions_are_matched_and_a_failure_names_them() {
    List<Match.Spec> holding = List.of(
        Match.type("OrderCreated").json("{\"items\": [{\"sku\": \"b\"}, {\"sku\": \"a\"}]}").mode("any_order"),
        Match.matcher("$.total", "between", List.of(1, 5)).matcher("header:tag", "equals", "b"),
        Match.matcher("$.total", "any-number"),
        Match.where("value.total > 3 && headers.region == 'eu'"),
        Match.fromJson("{\"type\": \"OrderCreated\", \"where\": \"value.total > 3\"}"));
    String topic = Support.freshTopic();
    try (ProbeSession session = Support.probe().openSession(Support.both(topic))) {
      session.produceEvent(topic, Event.of("OrderCreated").header("region", "eu").header("tag", "a").header("tag", "b")
          .json("{\"total\": 5, \"items\": [{\"sku\": \"a\"}, {\"sku\": \"b\"}]}"));
      for (Match.Spec match : holding) {
        assertEquals(0, session.expectEvent(topic, match, LONG).offset());
      }
      ExpectationFailed failed = assertThrows(ExpectationFailed.class, () -> session.expectEvent(topic,
          Match.matcher("$.total", "greater-than", 5).where("value.total > 5"), SHORT));
      assertTrue(failed.toString().contains("matchers[0] $.total: expected greater than 5, was 5"), failed::toString);
      assertTrue(failed.toString().contains("where: expected value.total > 5, was false"), failed::toString);
      UsageException refused = assertThrows(UsageException.class,
          () -> session.expectEvent(topic, Match.where("valeu.total > 3"), LONG));
      assertTrue(refused.toString().contains("line 1, column 1: unknown variable `valeu`"), refused::toString);
    }
  }

  @Test
  void a_match_is_the_document_that_was_said() {
    assertEquals("Match{\"where\":\"true\",\"matchers\":[{\"path\":\"a\",\"matcher\":\"null\"},"
        + "{\"path\":\"b\",\"matcher\":\"equals\",\"value\":null}],\"value\":1,\"mode\":\"exact\"}",
        Match.where("true").matcher("a", "null").matcher("b", "equals", null).value(1).mode("exact").toString());
  }
}
