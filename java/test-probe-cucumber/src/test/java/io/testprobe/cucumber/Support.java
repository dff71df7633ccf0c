package io.testprobe.cucumber;

import java.nio.file.Path;

/** What the tests share. */
final class Support {
  /** The root of the repository. */
  static final Path ROOT =
      Path.of(System.getenv().getOrDefault("TEST_PROBE_ROOT", "../..")).toAbsolutePath().normalize();

  private Support() {}

  /** Returns on what the features run: {@code embedded}, or {@code real} where a Kafka was started for them. */
  static String cluster() {
    String servers = System.getenv().getOrDefault("TEST_PROBE_TEST_KAFKA", "embedded");
    return servers.equals("embedded") ? "embedded" : "real";
  }
}
