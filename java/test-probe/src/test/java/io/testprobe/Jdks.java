package io.testprobe;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The virtual machines on which the tests of processes run: the one that runs the tests, those under {@code
 * /usr/lib/jvm}, and those that the variable {@code TEST_PROBE_JDKS} names; the first of each version.
 *
 * <p>Where the variable {@code TEST_PROBE_NEED_JDKS} names versions, as {@code 17,25}, one that was not found is a
 * failure.
 */
final class Jdks {
  /** The oldest that the classes run on. */
  private static final int OLDEST = 17;

  private static final Pattern VERSION = Pattern.compile("JAVA_VERSION=\"(\\d+)");

  private Jdks() {}

  /** Returns the homes by version. */
  static SortedMap<Integer, Path> all() throws IOException {
    List<Path> homes = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"))));
    String named = System.getenv().getOrDefault("TEST_PROBE_JDKS", "");
    for (String home : named.split(File.pathSeparator)) {
      if (!home.isBlank()) {
        assertTrue(Files.isExecutable(Path.of(home, "bin", "java")), () -> "TEST_PROBE_JDKS: no JDK at " + home);
        homes.add(Path.of(home));
      }
    }
    Path usual = Path.of("/usr/lib/jvm");
    if (Files.isDirectory(usual)) {
      try (Stream<Path> found = Files.list(usual)) {
        found.sorted().forEach(homes::add);
      }
    }
    SortedMap<Integer, Path> all = new TreeMap<>();
    for (Path home : homes) {
      int version = version(home);
      if (version >= OLDEST && Files.isExecutable(home.resolve("bin/java"))) {
        all.putIfAbsent(version, home);
      }
    }
    for (String needed : System.getenv().getOrDefault("TEST_PROBE_NEED_JDKS", "").split(",")) {
      assertTrue(needed.isBlank() || all.containsKey(Integer.valueOf(needed.strip())),
          () -> "JDK " + needed + " was needed and not found; TEST_PROBE_JDKS says where more are; found " + all);
    }
    return all;
  }

  private static int version(Path home) throws IOException {
    Path release = home.resolve("release");
    if (!Files.isReadable(release)) {
      return 0;
    }
    Matcher matcher = VERSION.matcher(Files.readString(release));
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
  }
}
