package io.testprobe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** The main job: an event in, the answer of a foreign service out, and nothing else. */
class MainJobTest {
  private static final Path MAIN_JOB = Support.ROOT.resolve("tests/main_job/topics.yaml");

  record Confirmation(String orderId, String status) {}

  @Test
  void an_order_is_confirmed_and_not_rejected() throws Exception {
    try (Probe probe = Probe.embedded();
        ProbeSession session = probe.openSession(Directives.fromYaml(MAIN_JOB));
        StubService service = new StubService(probe.bootstrapServers())) {
      Event order = Event.of("OrderCreated", "1").id("evt-1").key("o-1").json("{\"orderId\": \"o-1\", \"total\": 5}");
      ProducedAck ack = session.produceEvent("orders", order);
      assertEquals("evt-1", ack.id());

      Match confirmed = Match.type("OrderConfirmed").id("evt-1").json("{\"status\": \"CONFIRMED\"}");
      ReceivedEvent answer = session.expectEvent("confirmations", confirmed, Duration.ofSeconds(10));
      assertEquals("o-1", answer.valueAs(Confirmation.class).orderId());

      Verdict verdict = session.expectNone("rejections", Match.any().after(ack), Duration.ofMillis(500));
      assertTrue(verdict.events().isEmpty());
      for (Coverage.Partition read : verdict.coverage().partitions().values()) {
        assertEquals(OptionalLong.of(read.to()), read.end());
      }
      ReceivedEvent own = session.expectEvent("orders", Match.id("evt-1").own(true));
      assertEquals(own.offset(), assertInstanceOf(ConsumedAck.class, session.fetchConsumedEvent("orders", "evt-1"))
          .event().offset());
      assertFalse(answer.own());
      assertEquals(session.testId(), answer.testId());
    }
  }
}
