package io.testprobe.junit5;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The other tests once more, on JUnit 6: the classes are those that were compiled against JUnit 5. */
@Timeout(600)
class OnJUnit6Test {
  private static final Path JUNIT_6 = Path.of("target/junit-6/junit-6.jar");

  @TempDir private Path folder;

  private String console(String... arguments) throws Exception {
    Path output = folder.resolve("output");
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar", JUNIT_6.toString()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
    try {
      assertTrue(process.waitFor(240, TimeUnit.SECONDS), "it did not end");
      return Files.readString(output);
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void all_tests_pass_on_junit_6() throws Exception {
    assertTrue(console("--version").contains("JUnit Platform Console Launcher 6."));
    String classPath = Arrays.stream(
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                .split(File.pathSeparator))
        .filter(jar -> !jar.contains("junit-jupiter") && !jar.contains("junit-platform"))
        .collect(Collectors.joining(File.pathSeparator));
    String said = console("execute", "--disable-banner", "--class-path", classPath,
        "--select-class", "com.acme.orders.OrdersTest",
        "--select-class", ExtensionTest.class.getName(),
        "--select-class", FailingTest.class.getName());
    assertEquals(0, count(said, "failed"), said);
    assertTrue(count(said, "successful") >= 20, said);
  }

  private static int count(String said, String what) {
    Matcher count = Pattern.compile("\\[ +(\\d+) tests " + what).matcher(said);
    return count.find() ? Integer.parseInt(count.group(1)) : -1;
  }
}
