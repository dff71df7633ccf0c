package io.testprobe.cucumber;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.cucumber.plugin.event.Status;
import io.testprobe.ActorNotRegisteredException;
import io.testprobe.ErrorCode;
import io.testprobe.ExpectationFailed;
import io.testprobe.InconclusiveException;
import io.testprobe.SchemaException;
import io.testprobe.UsageException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How scenarios end, most of them badly. */
@Timeout(300)
class ScenariosTest {
  /** Lines of a scenario in which nobody can say whether an event of type A came. */
  private static final List<String> IN_DOUBT = List.of(
      "Given a probe on the embedded cluster",
      "And topic \"doubt\"",
      "When I produce to topic \"doubt\" the event:",
      "  \"\"\"",
      "  {type: A, raw: '{broken'}",
      "  \"\"\"",
      "And no \"A\" event arrives on topic \"doubt\" within 50 ms");

  /** Lines of a scenario in which an event is refused, since its topic holds texts only. */
  private static final List<String> REFUSED = List.of(
      "Given a probe on the embedded cluster",
      "And these topic directives:",
      "  \"\"\"",
      "  topics: [{topic: texts, role: both, format: string, create: {partitions: 1}}]",
      "  \"\"\"",
      "When I produce to topic \"texts\" the message:",
      "  \"\"\"",
      "  {type: A, value: {no: text}}",
      "  \"\"\"");

  @TempDir private Path folder;

  @BeforeAll
  static void keepProbesOpen() {
    Probes.beginRun();
  }

  @AfterAll
  static void closeProbes() {
    Probes.endRun();
  }

  private Cucumber.Run run(List<String> steps, String... more) throws Exception {
    return Cucumber.scenario(folder, IntStream.range(0, steps.size() + more.length)
        .mapToObj(line -> line < steps.size() ? steps.get(line) : more[line - steps.size()]).toArray(String[]::new));
  }

  /** Returns the note that says from which step an error was kept. */
  private static String origin(Throwable error) {
    return Arrays.stream(error.getSuppressed()).filter(Kept.Origin.class::isInstance).map(Throwable::getMessage)
        .findFirst().orElse(null);
  }

  @Test
  void an_inconclusive_verdict_that_no_step_took_fails_the_scenario() throws Exception {
    Cucumber.Run run = run(IN_DOUBT);
    assertSame(Status.FAILED, run.only().getStatus());
    assertSame(ErrorCode.UNDECODABLE, assertInstanceOf(InconclusiveException.class, run.error()).code());
    assertEquals(List.of(), run.steps(Status.FAILED));
    assertEquals("no later step took what the step `no \"A\" event arrives on topic \"doubt\" within PT0.05S` ended in",
        origin(run.error()));
    assertEquals(1, run.attachments().size());
    assertTrue(run.attachments().get(0).contains("\"name\":\"UNDECODABLE\""));
    assertEquals(1, run.exitStatus());
  }

  @Test
  void an_inconclusive_verdict_is_raised_by_the_next_step_of_another_kind() throws Exception {
    Cucumber.Run run = run(IN_DOUBT, "Then the event is acknowledged", "And the expectation is inconclusive");
    assertInstanceOf(InconclusiveException.class, run.error());
    assertEquals(List.of("the event is acknowledged"), run.steps(Status.FAILED));
    assertEquals(1, run.attachments().size());
  }

  @Test
  void an_inconclusive_verdict_that_a_step_took_is_no_failure() throws Exception {
    Cucumber.Run run = run(IN_DOUBT, "Then the expectation is inconclusive", "And the event is acknowledged");
    assertSame(Status.PASSED, run.only().getStatus());
    assertEquals(0, run.exitStatus());
  }

  @Test
  void a_verdict_that_is_certain_is_not_inconclusive() throws Exception {
    Cucumber.Run run = run(IN_DOUBT.subList(0, 2), "Then no \"A\" event arrives on topic \"doubt\" within 50 ms",
        "And the expectation is inconclusive");
    assertEquals("no expectation before was inconclusive", run.error().getMessage());
  }

  @Test
  void a_refusal_that_no_step_took_fails_the_scenario() throws Exception {
    Cucumber.Run run = run(REFUSED);
    assertSame(ErrorCode.ENCODE_FAILED, assertInstanceOf(SchemaException.class, run.error()).code());
    assertEquals(List.of(), run.steps(Status.FAILED));
    assertEquals("no later step took what the step `I produce to topic \"texts\" the event:` ended in",
        origin(run.error()));
    assertEquals(1, run.attachments().size());
  }

  @Test
  void a_refusal_that_no_step_took_fails_the_next_produce_step() throws Exception {
    Cucumber.Run run = run(REFUSED, "And I send a tombstone with key \"k\" to topic \"texts\"");
    assertInstanceOf(SchemaException.class, run.error());
    assertEquals(List.of("I send a tombstone with key \"k\" to topic \"texts\""), run.steps(Status.FAILED));
  }

  @Test
  void a_refusal_that_was_expected_is_no_failure() throws Exception {
    assertSame(Status.PASSED, run(REFUSED, "Then the message is refused with \"ENCODE_FAILED\"").only().getStatus());
  }

  @Test
  void a_refusal_with_another_code_is_told() throws Exception {
    Cucumber.Run run = run(REFUSED, "Then the message is refused with \"TIMED_OUT\"");
    assertInstanceOf(AssertionError.class, run.error());
    assertEquals("the event was refused with `ENCODE_FAILED`, not with `TIMED_OUT`", run.error().getMessage());
    assertInstanceOf(SchemaException.class, run.error().getCause());
    Throwable unknown = run(REFUSED, "Then the message is refused with \"ENCODE_FALED\"").error();
    assertTrue(unknown.getMessage().contains("`ENCODE_FALED` was no error code"));
  }

  @Test
  void a_failed_expectation_comes_through_as_it_is_and_is_attached() throws Exception {
    Cucumber.Run run = Cucumber.scenario(folder,
        "Given a probe on the embedded cluster", "And topic \"empty\"",
        "Then within 50 ms event \"evt-1\" arrives on topic \"empty\"");
    assertSame(ErrorCode.EXPECTATION_TIMEOUT, assertInstanceOf(ExpectationFailed.class, run.error()).code());
    assertEquals(1, run.attachments().size());
    assertTrue(run.attachments().get(0).startsWith("{\"code\":2001,\"name\":\"EXPECTATION_TIMEOUT\""));
  }

  @Test
  void mistakes_of_steps_fail_at_once() throws Exception {
    Cucumber.Run late = Cucumber.scenario(folder,
        "Given topic \"a\" on cluster \"atlantis\"", "And a probe on the embedded cluster");
    assertSame(ErrorCode.UNKNOWN_CLUSTER, assertInstanceOf(UsageException.class, late.error()).code());
    late = Cucumber.scenario(folder, "Given a probe on the embedded cluster", "And topic \"a\"",
        "And a probe on the embedded cluster");
    assertTrue(late.error().getMessage().startsWith("a probe step came after a topic step"));
    Cucumber.Run absent = Cucumber.scenario(folder, "Given a probe on the embedded cluster", "And topic \"a\"",
        "When I produce a tombstone with key \"k\" to topic \"b\"");
    assertInstanceOf(ActorNotRegisteredException.class, absent.error());
    Cucumber.Run mark = Cucumber.scenario(folder, "Given a probe on the embedded cluster", "And topic \"a\"",
        "When I mark topic \"b\"");
    assertInstanceOf(ActorNotRegisteredException.class, mark.error());
    Cucumber.Run early = Cucumber.scenario(folder, "Given I mark topic \"a\"");
    assertTrue(early.error().getMessage().startsWith("no topic step came before"));
    Cucumber.Run nothing = Cucumber.scenario(folder, "Then the event is acknowledged");
    assertTrue(nothing.error().getMessage().startsWith("no step produced an event before"));
  }

  @Test
  void a_step_that_nobody_defined_fails() throws Exception {
    Cucumber.Run run = Cucumber.scenario(folder, "Given a topic that no step knows");
    assertSame(Status.UNDEFINED, run.only().getStatus());
    assertEquals(1, run.exitStatus());
  }

  @Test
  void fifty_scenarios_at_once_on_one_topic_each_see_their_own_events() throws Exception {
    StringBuilder feature = new StringBuilder("""
        Feature: f
          Scenario Outline: <n>
            Given a probe on the embedded cluster
            And topic "fifty" with 2 partitions
            When I produce event "Counted" with id "same" to topic "fifty":
              \"""
              {"n": <n>}
              \"""
            Then the event is acknowledged
            And within 30 seconds event "same" arrives on topic "fifty"
            And the consumed event "same" on topic "fifty" has value:
              \"""
              {"n": <n>}
              \"""
            And within 30 seconds a "Counted" event arrives on topic "fifty"
            And no "Other" event arrives on topic "fifty" within 50 ms
            Examples:
              | n |
        """);
    IntStream.range(0, 50).forEach(n -> feature.append("      | ").append(n).append(" |\n"));
    Cucumber.Run run = Cucumber.run(folder, feature.toString(), 8, "io.testprobe.cucumber");
    assertEquals(50, run.scenarios().size());
    assertEquals(List.of(), run.scenarios().stream().filter(result -> !result.getStatus().is(Status.PASSED)).toList());
  }
}
