package io.testprobe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How virtual machines end, on each version of Java that is here. */
@Timeout(300)
class ProcessesTest {
  /** A close that waited for a broker, a thread or a time-out would take longer. */
  private static final Duration AT_ONCE = Duration.ofSeconds(5);

  @TempDir private Path folder;

  static Stream<Arguments> jdks() throws IOException {
    return Jdks.all().entrySet().stream().map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
  }

  private record Ended(int code, String output, Duration afterLastLine) {}

  private Ended run(int version, Path home, List<String> options, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(home.resolve("bin/java").toString()));
    if (version >= 24) {
      // Java warns of native libraries that nobody allowed, and will refuse them one day.
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(options);
    command.add("-cp");
    command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(Children.class.getName());
    command.addAll(List.of(arguments));
    Path output = folder.resolve("output-" + version);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile())
        .directory(folder.toFile()).start();
    try {
      Support.until("the last line of " + command, () -> !process.isAlive() || said(output).contains(Children.ENDING));
      long begin = System.nanoTime();
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), () -> "it did not end:\n" + said(output));
      return new Ended(process.exitValue(), said(output), Duration.ofNanos(System.nanoTime() - begin));
    } finally {
      process.destroyForcibly();
    }
  }

  private static String said(Path output) {
    try {
      return Files.readString(output, StandardCharsets.UTF_8);
    } catch (IOException error) {
      throw new AssertionError(error);
    }
  }

  private static void assertAtOnce(Ended ended) {
    assertTrue(ended.output.contains(Children.ENDING), ended.output);
    assertTrue(ended.afterLastLine.compareTo(AT_ONCE) < 0, () -> ended.afterLastLine + "\n" + ended.output);
  }

  @ParameterizedTest(name = "Java {0}")
  @MethodSource("jdks")
  void main_that_returns_without_closing_ends_at_once(int version, Path home) throws Exception {
    Ended ended = run(version, home, List.of(), "return");
    assertAtOnce(ended);
    assertEquals(0, ended.code, ended.output);
  }

  @ParameterizedTest(name = "Java {0}")
  @MethodSource("jdks")
  void an_exit_and_an_uncaught_exception_end_at_once_with_their_codes(int version, Path home) throws Exception {
    Ended exit = run(version, home, List.of(), "exit");
    assertAtOnce(exit);
    assertEquals(3, exit.code, exit.output);
    Ended thrown = run(version, home, List.of(), "throw");
    assertAtOnce(thrown);
    assertEquals(1, thrown.code, thrown.output);
  }

  @ParameterizedTest(name = "Java {0}")
  @MethodSource("jdks")
  void the_checker_of_the_jni_has_nothing_to_say(int version, Path home) throws Exception {
    Ended ended = run(version, home, List.of("-Xcheck:jni"), "work");
    assertEquals(0, ended.code, ended.output);
    List<String> said = ended.output.lines()
        .filter(line -> line.matches("(?i).*(in native method|FATAL|JNI local refs|io[./]testprobe|test_probe_jvm).*"))
        .toList();
    assertEquals(List.of(), said, ended.output);
  }
}
