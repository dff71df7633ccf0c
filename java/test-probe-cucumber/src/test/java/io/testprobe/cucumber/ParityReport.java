package io.testprobe.cucumber;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.cucumber.plugin.ConcurrentEventListener;
import io.cucumber.plugin.event.EventPublisher;
import io.cucumber.plugin.event.TestCaseFinished;
import io.cucumber.plugin.event.TestRunFinished;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Notes which scenarios ran, for {@code tests/house/parity.py}, where that is wanted. Cucumber makes it. */
public final class ParityReport implements ConcurrentEventListener {
  private final Map<String, Set<String>> ran = new ConcurrentHashMap<>();

  @Override
  public void setEventPublisher(EventPublisher publisher) {
    publisher.registerHandlerFor(TestCaseFinished.class, this::finished);
    publisher.registerHandlerFor(TestRunFinished.class, finished -> write());
  }

  private void finished(TestCaseFinished finished) {
    String file = Path.of(finished.getTestCase().getUri().getPath()).getFileName().toString();
    ran.computeIfAbsent(file, absent -> ConcurrentHashMap.newKeySet()).add(finished.getTestCase().getName());
  }

  private void write() {
    String folder = System.getenv("TEST_PROBE_PARITY");
    if (folder == null) {
      return;
    }
    String cluster = Support.isOnKafka() ? "kafka" : "embedded";
    Map<String, Object> note = Map.of("kind", "features", "language", "java", "cluster", cluster, "ran", ran);
    try {
      Files.createDirectories(Path.of(folder));
      new ObjectMapper().writeValue(Path.of(folder, "features-java-" + cluster + ".json").toFile(), note);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
