package io.testprobe.cucumber;

import io.cucumber.java.After;
import io.cucumber.java.AfterAll;
import io.cucumber.java.Before;
import io.cucumber.java.BeforeAll;
import io.cucumber.java.Scenario;

/** What happens around scenarios. It costs nothing where no step asks for a probe. */
public final class ProbeHooks {
  /** The order of the hook before a scenario: before those of your own, which have 10,000 unless you say another. */
  public static final int BEFORE_ORDER = 100;

  /** The order of the hook after a scenario: after those of your own, which may still use the session. */
  public static final int AFTER_ORDER = 100;

  private final ProbeWorld world;

  /** Makes the hooks of a scenario; Cucumber's object factory does. */
  public ProbeHooks(ProbeWorld world) {
    this.world = world;
  }

  /** Notes that a run begins. */
  @BeforeAll(order = BEFORE_ORDER)
  public static void beginRun() {
    Probes.beginRun();
  }

  /** Closes the probes of the run. */
  @AfterAll(order = AFTER_ORDER)
  public static void endRun() {
    Probes.endRun();
  }

  /** Notes the scenario, for what is attached to it. */
  @Before(order = BEFORE_ORDER)
  public void begin(Scenario scenario) {
    world.begin(scenario);
  }

  /** Closes the session, and fails the scenario with what no step took. */
  @After(order = AFTER_ORDER)
  public void end() {
    world.end();
  }
}
