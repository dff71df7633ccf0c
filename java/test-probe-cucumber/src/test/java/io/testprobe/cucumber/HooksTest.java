package io.testprobe.cucumber;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.acme.plain.PlainSteps;
import io.cucumber.core.cli.Main;
import io.cucumber.plugin.event.Status;
import io.testprobe.Directives;
import io.testprobe.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the hooks do around scenarios, and what they leave alone. */
@Timeout(400)
class HooksTest {
  private static final String[] GLUE = {"io.testprobe.cucumber", "com.acme.plain"};

  @TempDir private Path folder;

  private record Ended(int code, String output) {}

  /** Runs a scenario in a virtual machine of its own, which has no native library. */
  private Ended runWithoutLibrary(String step) throws Exception {
    Path feature = Files.writeString(folder.resolve("a.feature"), "Feature: f\n  Scenario: s\n    Given " + step);
    Path output = folder.resolve("output");
    Process process = new ProcessBuilder(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Dtestprobe.library.path=" + folder.resolve("absent.so"),
        "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        Main.class.getName(), "--glue", GLUE[0], "--glue", GLUE[1], feature.toString())
        .redirectErrorStream(true).redirectOutput(output.toFile()).start();
    try {
      assertTrue(process.waitFor(150, TimeUnit.SECONDS), "it did not end");
      return new Ended(process.exitValue(), Files.readString(output));
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void hooks_do_not_load_the_library_where_no_step_asks_for_a_probe() throws Exception {
    Ended plain = runWithoutLibrary("nothing of Kafka");
    assertEquals(0, plain.code(), plain.output());
    Ended probing = runWithoutLibrary("topics of glue");
    assertEquals(1, probing.code(), probing.output());
    assertTrue(probing.output().contains("absent.so"), probing.output());
  }

  @Test
  void the_session_is_open_in_hooks_of_users_and_closed_after_them() throws Exception {
    PlainSteps.SEEN.clear();
    Cucumber.Run run = Cucumber.run(folder, "Feature: f\n  Scenario: s\n    Given topics of glue", 1, GLUE);
    assertSame(Status.PASSED, run.only().getStatus(), () -> String.valueOf(run.error()));
    assertEquals(List.of("before", "open", "closed"), PlainSteps.SEEN);
  }

  @Test
  void a_world_that_no_hook_will_end_is_refused() {
    ProbeWorld world = new ProbeWorld();
    UsageException refused = assertThrows(UsageException.class, new ProbeSteps(world)::probeOnEmbeddedCluster);
    assertEquals("this `ProbeWorld` belonged to no scenario", refused.explanation());
    assertThrows(UsageException.class, world::probe);
    assertThrows(UsageException.class, () -> world.addTopics(Directives.of()));
  }

  @Test
  void no_session_is_opened_after_the_scenario() throws Exception {
    PlainSteps.SEEN.clear();
    Cucumber.run(folder, "Feature: f\n  Scenario: s\n    Given topics that are added too late", 1, GLUE);
    assertEquals(List.of("before", "topics were added after the scenario"), PlainSteps.SEEN);
  }
}
