package io.testprobe;

import static io.testprobe.Support.LONG;
import static io.testprobe.Support.SHORT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What was sent against what came out. */
class DeliveryTest {
  private String topic;
  private String output;
  private ProbeSession session;

  @BeforeEach
  void open() {
    topic = Support.freshTopic();
    output = topic + "-out";
    session = Support.probe().openSession(
        Directives.of(TopicDirective.both(topic).create(1), TopicDirective.both(output).create(1)));
  }

  @AfterEach
  void close() {
    session.close();
  }

  private void produce(String to, String... ids) {
    for (String id : ids) {
      session.produceEvent(to, Event.of("T").id(id).key("k"));
    }
  }

  private ExpectationFailed failure(ErrorCode code, Verification verification) {
    ExpectationFailed failed =
        assertThrows(ExpectationFailed.class, () -> session.verifyDelivery(topic, verification, SHORT));
    assertSame(code, failed.code(), failed.getMessage());
    return failed;
  }

  @Test
  void what_was_sent_is_there_once() {
    produce(topic, "a", "b");
    Verdict verdict = session.verifyDelivery(topic, SHORT);
    assertEquals(new Verdict.Delivery(2, 2, 0, 0, 2, 0), verdict.delivery());
    assertNull(session.expectNone(output, Match.any(), SHORT).delivery());
    Verification lossless = Verification.all().only(DeliveryCheck.LOSS, DeliveryCheck.ORDER_PER_PARTITION);
    assertEquals(2, session.verifyDeliveryAsync(topic, lossless, LONG).join().delivery().seen());
    assertEquals(2, session.verifyDeliveryAsync(topic, SHORT).join().delivery().seen());
  }

  @Test
  void what_did_not_come_out_once_in_order_is_named() {
    Verification once = Verification.all().output(output).matching(Match.type("T").hint("exactly once"));
    produce(topic, "a", "b");
    produce(output, "a");
    ExpectationFailed lost = failure(ErrorCode.ACKED_EVENT_LOST, once);
    assertTrue(lost.getMessage().contains("the test says: exactly once"), lost.getMessage());
    produce(output, "b");
    session.verifyDelivery(topic, once, SHORT);
    produce(output, "x");
    failure(ErrorCode.UNEXPECTED_EVENT, once);
    produce(output, "b");
    failure(ErrorCode.DUPLICATE_EVENT, once);
    Mark mark = session.mark();
    produce(topic, "c", "d");
    produce(output, "d", "c");
    failure(ErrorCode.WRONG_ORDER, Verification.all().output(output).matching(Match.any().after(mark)));
  }

  @Test
  void what_makes_no_sense_is_refused() {
    assertThrows(UsageException.class, () -> session.verifyDelivery(topic, null));
    assertThrows(UsageException.class, () -> session.verifyDelivery(topic, Verification.all().output(topic), SHORT));
  }
}
