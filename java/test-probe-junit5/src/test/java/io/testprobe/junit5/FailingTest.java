package io.testprobe.junit5;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.testprobe.Config;
import io.testprobe.ErrorCode;
import io.testprobe.Event;
import io.testprobe.ExpectationFailed;
import io.testprobe.InconclusiveException;
import io.testprobe.KafkaException;
import io.testprobe.Match;
import io.testprobe.Probe;
import io.testprobe.ProbeException;
import io.testprobe.ProbeSession;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of tests that fail. Runs on JUnit 5 and on JUnit 6. */
@Timeout(300)
class FailingTest {
  private static final Duration SHORT = Duration.ofMillis(50);

  @TempDir private Path folder;

  @ExtendWith(ProbeExtension.class)
  @ProbeTopics("topics: [{topic: orders, role: both, create: {partitions: 1}}]\n")
  static class Verdicts {
    @Test
    void failed(ProbeSession session) {
      session.expectEvent("orders", Match.id("evt-1"), SHORT);
    }

    @Test
    void failed_in_a_future(ProbeSession session) {
      session.expectEventAsync("orders", Match.id("evt-1"), SHORT).join();
    }

    @Test
    void inconclusive(ProbeSession session) {
      session.produceEvent("orders", Event.fromYaml("{type: A, raw: '{broken'}"));
      session.expectNone("orders", Match.type("A"), SHORT);
    }

    @Test
    void failed_by_itself(ProbeSession session) {
      throw new IllegalStateException("on purpose");
    }
  }

  @Test
  void a_failed_verdict_comes_through_and_its_explanation_is_published() {
    Launched run = Launched.run(folder, Verdicts.class);
    assertSame(ErrorCode.EXPECTATION_TIMEOUT,
        assertInstanceOf(ExpectationFailed.class, run.error("failed")).code());
    assertEquals(Map.of("test-probe", "EXPECTATION_TIMEOUT"), run.entries("failed"));
    assertTrue(run.file("failed", "test-probe.json").startsWith("{\"code\":2001,"));
    assertTrue(run.file("failed_in_a_future", "test-probe.json").startsWith("{\"code\":2001,"));
  }

  @Test
  void an_inconclusive_verdict_is_an_error_and_no_failure() {
    Launched run = Launched.run(folder, Verdicts.class);
    assertInstanceOf(InconclusiveException.class, run.error("inconclusive"));
    assertEquals(Map.of("test-probe", "UNDECODABLE"), run.entries("inconclusive"));
  }

  @Test
  void nothing_is_published_of_a_test_that_failed_by_itself() {
    Launched run = Launched.run(folder, Verdicts.class);
    assertInstanceOf(IllegalStateException.class, run.error("failed_by_itself"));
    assertTrue(run.entries("failed_by_itself").isEmpty());
  }

  static class Careless {
    private static final Probe KAFKA = Probe.embedded();

    @RegisterExtension
    static final ProbeExtension EXTENSION = ProbeExtension.builder().config(Config.fromString(
        "{kafka: {bootstrap-servers: '" + KAFKA.bootstrapServers() + "'},"
            + " dsl: {ask-timeout: 300ms, blocking-timeout: 300ms}}")).build();

    @Test
    @ProbeTopics("topics: [{topic: orders, role: both, create: {partitions: 1}}]\n")
    void looks_at_no_outcome(ProbeSession session) {
      session.produceEvent("orders", Event.of("A"));
      KAFKA.close();
      session.produceEventAsync("orders", Event.of("A")).cancel(true);
      // Each of these waits as long as the client keeps a record, so that the one above is given up by then.
      for (int round = 0; round < 4; round++) {
        assertThrows(ProbeException.class, () -> session.produceEvent("orders", Event.of("A")));
      }
    }
  }

  @Test
  void an_event_that_failed_unseen_fails_the_test() {
    Launched run = Launched.run(folder, Careless.class);
    assertSame(ErrorCode.PRODUCE_FAILED,
        assertInstanceOf(KafkaException.class, run.error("looks_at_no_outcome")).code());
  }

  @ExtendWith(ProbeExtension.class)
  static class Shared {
    @BeforeAll
    static void before(ProbeSession session) {}

    @Test
    void never_run() {}
  }

  @ExtendWith(ProbeExtension.class)
  static class Absent {
    @Test
    @ProbeTopics("absent.yaml")
    void names_a_file_that_is_not_there(ProbeSession session) {}

    @Test
    @ProbeTopics("topics: [{topic: 'a b', role: both}]\n")
    void has_a_directive_that_is_wrong(ProbeSession session) {}
  }

  @Test
  void mistakes_are_told_by_what_is_wrong() {
    assertTrue(Launched.run(folder, Shared.class).error("Shared").getMessage()
        .contains("a `ProbeSession` belongs to one test"));
    Launched run = Launched.run(folder, Absent.class);
    assertTrue(run.error("names_a_file_that_is_not_there").getMessage()
        .contains("`absent.yaml` of @ProbeTopics was neither a file of `"));
    assertTrue(run.error("has_a_directive_that_is_wrong").getMessage().contains("a b"));
    assertEquals(Map.of("test-probe", "INVALID_DIRECTIVE"), run.entries("has_a_directive_that_is_wrong"));
  }
}
