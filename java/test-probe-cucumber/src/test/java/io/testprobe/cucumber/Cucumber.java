package io.testprobe.cucumber;

import io.cucumber.core.options.CommandlineOptionsParser;
import io.cucumber.core.runtime.Runtime;
import io.cucumber.plugin.ConcurrentEventListener;
import io.cucumber.plugin.event.EmbedEvent;
import io.cucumber.plugin.event.EventPublisher;
import io.cucumber.plugin.event.PickleStepTestStep;
import io.cucumber.plugin.event.Result;
import io.cucumber.plugin.event.Status;
import io.cucumber.plugin.event.TestCaseFinished;
import io.cucumber.plugin.event.TestStepFinished;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Runs features that are to fail, and tells how they ended. */
final class Cucumber {
  /** How a run ended: its exit status, and what became of the scenarios and steps. */
  record Run(byte exitStatus, List<Result> scenarios, List<Step> steps, List<String> attachments) {
    /** Returns the only scenario. */
    Result only() {
      if (scenarios.size() != 1) {
        throw new AssertionError(scenarios.toString());
      }
      return scenarios.get(0);
    }

    /** Returns what the only scenario failed with. */
    Throwable error() {
      return only().getError();
    }

    /** Returns the texts of the steps that ended so. */
    List<String> steps(Status status) {
      return steps.stream().filter(step -> step.status() == status).map(Step::text).toList();
    }
  }

  /** How one step ended. */
  record Step(String text, Status status) {}

  private Cucumber() {}

  /** Runs one scenario with our glue. */
  static Run scenario(Path folder, String... steps) throws IOException {
    return run(folder, "Feature: f\n  Scenario: s\n    " + String.join("\n    ", steps).indent(0), 1,
        "io.testprobe.cucumber");
  }

  /** Runs a feature with glue, on so many threads. */
  static Run run(Path folder, String feature, int threads, String... glue) throws IOException {
    Path file = Files.writeString(folder.resolve("a.feature"), feature);
    List<String> options = new ArrayList<>(List.of("--threads", String.valueOf(threads), "--no-summary"));
    for (String each : glue) {
      options.addAll(List.of("--glue", each));
    }
    options.add(file.toString());
    Listener listener = new Listener();
    Runtime cucumber = Runtime.builder()
        .withRuntimeOptions(new CommandlineOptionsParser(System.out).parse(options.toArray(String[]::new)).build())
        .withAdditionalPlugins(listener)
        .build();
    cucumber.run();
    return new Run(cucumber.exitStatus(), List.copyOf(listener.scenarios), List.copyOf(listener.steps),
        List.copyOf(listener.attachments));
  }

  private static final class Listener implements ConcurrentEventListener {
    private final Queue<Result> scenarios = new ConcurrentLinkedQueue<>();
    private final Queue<Step> steps = new ConcurrentLinkedQueue<>();
    private final Queue<String> attachments = new ConcurrentLinkedQueue<>();

    @Override
    public void setEventPublisher(EventPublisher publisher) {
      publisher.registerHandlerFor(TestCaseFinished.class, finished -> scenarios.add(finished.getResult()));
      publisher.registerHandlerFor(EmbedEvent.class,
          attached -> attachments.add(new String(attached.getData(), StandardCharsets.UTF_8)));
      publisher.registerHandlerFor(TestStepFinished.class, finished -> {
        if (finished.getTestStep() instanceof PickleStepTestStep step) {
          steps.add(new Step(step.getStep().getText(), finished.getResult().getStatus()));
        }
      });
    }
  }
}
