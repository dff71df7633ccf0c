package io.testprobe.cucumber;

import java.nio.file.Path;

/** What the tests share. */
final class Support {
  /** The root of the repository. */
  static final Path ROOT =
      Path.of(System.getenv().getOrDefault("TEST_PROBE_ROOT", "../..")).toAbsolutePath().normalize();

  private Support() {}

  /** Returns whether a Kafka was started for the features; else they run on an embedded one. */
  static boolean isOnKafka() {
    return !System.getenv().getOrDefault("TEST_PROBE_TEST_KAFKA", "embedded").equals("embedded");
  }
}
