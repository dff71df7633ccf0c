package io.testprobe.cucumber;

import io.cucumber.java.Scenario;
import io.testprobe.Directives;
import io.testprobe.Probe;
import io.testprobe.ProbeFailure;
import io.testprobe.ProbeSession;
import io.testprobe.UsageException;
import io.testprobe.Words;
import java.util.function.Supplier;

/**
 * What the steps of one scenario share. Steps of your own take it in their constructor, by whichever object factory
 * Cucumber uses; it is one object for all glue of a scenario, and does nothing before it is asked.
 *
 * <p>Guice and Spring need to be told that it lives as long as a scenario. It is not final since Spring puts a proxy
 * before what does.
 */
public class ProbeWorld {
  private final Kept kept = new Kept();
  private final Viewpoints viewpoints = new Viewpoints();
  private Scenario scenario;
  private Throwable attached;
  private Supplier<Probe> source = Probes::ofTestRun;
  private Probe probe;
  private String cluster;
  private ProbeSession session;
  private boolean ended;

  /** Makes the world of a scenario; Cucumber's object factory does. */
  public ProbeWorld() {}

  /**
   * Returns the probe of the scenario, which other scenarios share: that of the probe step, else the default one. It is
   * made when first needed, and closed after the last scenario.
   */
  public Probe probe() {
    checkScenario();
    if (probe == null) {
      probe = source.get();
    }
    return probe;
  }

  /**
   * Returns the session of the scenario, which the first topic step or {@link #addTopics} opened. It is closed after
   * the scenario, when hooks of yours have run. INVALID_ARGUMENT before there is one.
   */
  public ProbeSession session() {
    if (session == null) {
      throw UsageException.invalidArgument("no topic step came before", "begin with `Given topic \"orders\"`");
    }
    return session;
  }

  /** Adds topics to the session, which the first of them opens; returns when they are ready. */
  public void addTopics(Directives directives) {
    checkScenario();
    if (ended) {
      throw UsageException.invalidArgument("topics were added after the scenario",
          "give the hook that does an order above " + ProbeHooks.AFTER_ORDER);
    }
    if (session == null) {
      session = probe().openSession(directives);
    } else {
      session.addTopics(directives);
    }
  }

  /** Refuses a world that no hook will end: what it keeps would never be raised. */
  private void checkScenario() {
    if (scenario == null) {
      throw UsageException.invalidArgument("this `ProbeWorld` belonged to no scenario",
          "tell the object factory to make one for each scenario; a hook that uses it has an order above "
              + ProbeHooks.BEFORE_ORDER);
    }
  }

  /** Returns where the topics are that name no cluster. */
  String bootstrapServers() {
    return cluster == null ? probe().bootstrapServers() : probe().cluster(cluster).bootstrapServers();
  }

  boolean hasSession() {
    return session != null;
  }

  Kept kept() {
    return kept;
  }

  Viewpoints viewpoints() {
    return viewpoints;
  }

  void begin(Scenario begun) {
    scenario = begun;
  }

  /** Takes a probe in the place of the default one. */
  void take(Supplier<Probe> taken, String clusterOfTopics) {
    if (session != null) {
      throw UsageException.invalidArgument("a probe step came after a topic step", "name the probe first");
    }
    source = taken;
    probe = null;
    cluster = clusterOfTopics;
  }

  /** Adds a topic, on the cluster of the probe step where it names none. */
  void addTopic(String topic, Integer partitions, String named) {
    addTopics(Words.topic(topic, partitions, named == null ? cluster : named));
  }

  /** Does what a step says, after what the one before left was raised; keeps what the next one may take. */
  void step(String text, Runnable does) {
    checkScenario();
    kept.raiseFailure();
    try {
      attachingFailures(does);
    } catch (RuntimeException | Error failure) {
      if (!kept.keep(failure, text)) {
        throw failure;
      }
    }
  }

  /** Ends the scenario: closes the session, and raises what no step took. */
  void end() {
    ended = true;
    attachingFailures(() -> {
      try (ProbeSession closing = session) {
        kept.raiseAll();
      }
    });
  }

  private void attachingFailures(Runnable does) {
    try {
      does.run();
    } catch (RuntimeException | Error failure) {
      attach(failure);
      throw failure;
    }
  }

  /** Attaches the explanation of a failure, once: what was kept is raised later. */
  private void attach(Throwable failure) {
    if (scenario != null && failure != attached && failure instanceof ProbeFailure explained) {
      attached = failure;
      scenario.attach(explained.toJson(), "application/json", "test-probe: " + explained.code());
    }
  }
}
