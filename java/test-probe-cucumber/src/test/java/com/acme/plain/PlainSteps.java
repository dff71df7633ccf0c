package com.acme.plain;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.cucumber.java.After;
import io.cucumber.java.Before;
import io.cucumber.java.en.Given;
import io.testprobe.Directives;
import io.testprobe.ProbeSession;
import io.testprobe.TopicDirective;
import io.testprobe.UsageException;
import io.testprobe.cucumber.ProbeHooks;
import io.testprobe.cucumber.ProbeWorld;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Glue of users that takes the world, and has no need of a probe unless a step asks for it. */
public final class PlainSteps {
  /** What hooks around a scenario saw. */
  public static final List<String> SEEN = new CopyOnWriteArrayList<>();

  private final ProbeWorld world;
  private ProbeSession session;
  private boolean late;

  public PlainSteps(ProbeWorld world) {
    this.world = world;
  }

  @Given("nothing of Kafka")
  public void nothing() {}

  @Given("topics of glue")
  public void topics() {
    world.addTopics(Directives.of(TopicDirective.both("of-glue").create(1)));
    session = world.session();
  }

  @Given("topics that are added too late")
  public void late() {
    late = true;
  }

  @Before
  public void before() {
    SEEN.add("before");
  }

  @After
  public void after() {
    if (session != null) {
      session.mark();
      SEEN.add("open");
    }
  }

  @After(order = ProbeHooks.AFTER_ORDER - 1)
  public void afterOurs() {
    if (session != null) {
      assertThrows(RuntimeException.class, session::mark);
      SEEN.add("closed");
    }
    if (late) {
      SEEN.add(assertThrows(UsageException.class, () -> world.addTopics(Directives.of())).explanation());
    }
  }
}
