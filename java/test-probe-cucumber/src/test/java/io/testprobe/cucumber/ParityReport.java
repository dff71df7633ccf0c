package io.testprobe.cucumber;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.cucumber.plugin.ConcurrentEventListener;
import io.cucumber.plugin.event.EventPublisher;
import io.cucumber.plugin.event.TestCase;
import io.cucumber.plugin.event.TestCaseFinished;
import io.cucumber.plugin.event.TestRunFinished;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Writes which scenarios ran and how they ended, for {@code tests/house/parity.py}. Cucumber makes it. */
public final class ParityReport implements ConcurrentEventListener {
  private record Scenario(String feature, String scenario, int line, String result) {}

  private final Queue<Scenario> scenarios = new ConcurrentLinkedQueue<>();

  @Override
  public void setEventPublisher(EventPublisher publisher) {
    publisher.registerHandlerFor(TestCaseFinished.class, this::finished);
    publisher.registerHandlerFor(TestRunFinished.class, finished -> write());
  }

  private void finished(TestCaseFinished finished) {
    TestCase scenario = finished.getTestCase();
    String file = Path.of(scenario.getUri().getPath()).getFileName().toString();
    String result = finished.getResult().getStatus().isOk() ? "passed" : "failed";
    scenarios.add(new Scenario(file, scenario.getName(), scenario.getLocation().getLine(), result));
  }

  private void write() {
    Path report = Support.ROOT.resolve("build/parity/features-java-" + Support.cluster() + ".json");
    try {
      Files.createDirectories(report.getParent());
      new ObjectMapper().writeValue(report.toFile(), Map.of("scenarios", List.copyOf(scenarios)));
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
