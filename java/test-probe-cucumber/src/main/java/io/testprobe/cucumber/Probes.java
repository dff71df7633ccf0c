package io.testprobe.cucumber;

import io.testprobe.Config;
import io.testprobe.Probe;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** The probes that the scenarios of this process share: made when first needed, closed when the last run ends. */
final class Probes {
  private static final Map<Object, Probe> OPEN = new HashMap<>();
  private static int runs;

  private Probes() {}

  /** Returns the probe of those who name none. */
  static Probe ofTestRun() {
    return shared("test run", Probe::forTestRun);
  }

  /** Returns a probe on a Kafka in this process. */
  static Probe embedded() {
    return shared("embedded", Probe::embedded);
  }

  /** Returns the probe of a configuration file. */
  static Probe of(Path file) {
    return shared(file.toAbsolutePath().normalize(), () -> Probe.open(Config.fromFile(file)));
  }

  private static synchronized Probe shared(Object key, Supplier<Probe> open) {
    return OPEN.computeIfAbsent(key, absent -> open.get());
  }

  static synchronized void beginRun() {
    runs++;
  }

  /** Closes them, unless another run goes on in this process. */
  static synchronized void endRun() {
    if (--runs == 0) {
      OPEN.values().forEach(Probe::close);
      OPEN.clear();
    }
  }
}
