package io.testprobe.cucumber;

import static io.testprobe.cucumber.Spoken.said;

import io.cucumber.datatable.DataTable;
import io.cucumber.java.ParameterType;
import io.cucumber.java.en.Given;
import io.cucumber.java.en.Then;
import io.cucumber.java.en.When;
import io.testprobe.Directives;
import io.testprobe.Event;
import io.testprobe.Match;
import io.testprobe.Order;
import io.testprobe.ProduceResult;
import io.testprobe.ProbeSession;
import io.testprobe.ReceivedEvent;
import io.testprobe.Verification;
import io.testprobe.Words;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/** The steps, each under its text of {@link StepTexts}. */
public final class ProbeSteps {
  private final ProbeWorld world;

  /** Makes the steps of a scenario; Cucumber's object factory does. */
  public ProbeSteps(ProbeWorld world) {
    this.world = world;
  }

  /** Reads a time: {@code 5 seconds}, {@code 500 ms}, {@code PT5S}. */
  @ParameterType(name = "probeDuration", value = StepTexts.PROBE_DURATION, useForSnippets = false)
  public Duration probeDuration(String text) {
    return Words.duration(text);
  }

  // Probe and topics.

  /** Takes a probe on a Kafka in this process. */
  @Given(StepTexts.PROBE_ON_EMBEDDED_CLUSTER)
  public void probeOnEmbeddedCluster() {
    world.step(said(StepTexts.PROBE_ON_EMBEDDED_CLUSTER), () -> world.take(Probes::embedded, null));
  }

  /** Takes the default probe, with the cluster of topics that name none. */
  @Given(StepTexts.PROBE_ON_CLUSTER)
  public void probeOnCluster(String cluster) {
    world.step(said(StepTexts.PROBE_ON_CLUSTER, cluster), () -> world.take(Probes::ofTestRun, cluster));
  }

  /** Takes the probe of a configuration file. */
  @Given(StepTexts.PROBE_FROM_CONFIGURATION)
  public void probeFromConfiguration(String file) {
    world.step(said(StepTexts.PROBE_FROM_CONFIGURATION, file),
        () -> world.take(() -> Probes.of(Path.of(file)), null));
  }

  /** Adds a topic. */
  @Given(StepTexts.TOPIC)
  public void topic(String topic) {
    world.step(said(StepTexts.TOPIC, topic), () -> world.addTopic(topic, null, null));
  }

  /** Adds a topic that is created with so many partitions. */
  @Given(StepTexts.TOPIC_WITH_PARTITIONS)
  public void topicWithPartitions(String topic, int partitions) {
    world.step(said(StepTexts.TOPIC_WITH_PARTITIONS, topic, partitions),
        () -> world.addTopic(topic, partitions, null));
  }

  /** Adds a topic of a named cluster. */
  @Given(StepTexts.TOPIC_ON_CLUSTER)
  public void topicOnCluster(String topic, String cluster) {
    world.step(said(StepTexts.TOPIC_ON_CLUSTER, topic, cluster), () -> world.addTopic(topic, null, cluster));
  }

  /** Adds topics as YAML says. */
  @Given(StepTexts.TOPIC_DIRECTIVES)
  public void topicDirectives(String yaml) {
    world.step(said(StepTexts.TOPIC_DIRECTIVES), () -> world.addTopics(Directives.fromString(yaml)));
  }

  // Producing.

  /** Produces an event with a JSON value. */
  @When(StepTexts.PRODUCE_TYPED_EVENT)
  public void produceTypedEvent(String type, String id, String topic, String json) {
    produce(said(StepTexts.PRODUCE_TYPED_EVENT, type, id, topic), topic,
        () -> List.of(Event.of(type).id(id).json(json)));
  }

  /** Produces an event as YAML says. */
  @When(StepTexts.PRODUCE_EVENT)
  public void produceEvent(String topic, String yaml) {
    produce(said(StepTexts.PRODUCE_EVENT, topic), topic, () -> List.of(Event.fromYaml(yaml)));
  }

  /** Produces an event for each row. */
  @When(StepTexts.PRODUCE_EVENTS)
  public void produceEvents(String topic, DataTable table) {
    produce(said(StepTexts.PRODUCE_EVENTS, topic), topic, () -> Words.events(table.cells()));
  }

  /** Produces a tombstone. */
  @When(StepTexts.PRODUCE_TOMBSTONE)
  public void produceTombstone(String key, String topic) {
    produce(said(StepTexts.PRODUCE_TOMBSTONE, key, topic), topic, () -> List.of(Event.untyped().key(key)));
  }

  private void produce(String step, String topic, Supplier<List<Event>> events) {
    world.step(step, () -> {
      world.kept().raiseRefusal();
      List<ProduceResult> outcomes = new ArrayList<>();
      for (Event event : events.get()) {
        outcomes.add(world.session().tryProduceEvent(topic, event));
      }
      world.kept().keep(outcomes, step);
    });
  }

  /** Fails unless the last produce step was acknowledged. */
  @Then(StepTexts.EVENT_IS_ACKNOWLEDGED)
  public void eventIsAcknowledged() {
    world.step(said(StepTexts.EVENT_IS_ACKNOWLEDGED), () -> world.kept().takeAcknowledged());
  }

  /** Fails unless the last produce step was refused with this code. */
  @Then(StepTexts.EVENT_IS_REFUSED)
  public void eventIsRefused(String code) {
    world.step(said(StepTexts.EVENT_IS_REFUSED, code), () -> world.kept().takeRefused(code));
  }

  // Expecting.

  /** Looks at what comes after this moment. */
  @Given(StepTexts.MARK)
  public void mark(String topic) {
    world.step(said(StepTexts.MARK, topic), () -> {
      // A mark on what the session does not read would be no mark.
      world.session().coverage(topic);
      world.viewpoints().mark(topic, world.session().mark());
    });
  }

  /** Expects an event of an id. */
  @Then(StepTexts.EVENT_WITH_ID_ARRIVES)
  public void eventWithIdArrives(Duration within, String id, String topic) {
    expectEvent(said(StepTexts.EVENT_WITH_ID_ARRIVES, within, id, topic), topic, within,
        () -> from(topic, Match.id(id)));
  }

  /** Expects an event of a type. */
  @Then(StepTexts.EVENT_ARRIVES)
  public void eventArrives(Duration within, String type, String topic) {
    expectEvent(said(StepTexts.EVENT_ARRIVES, within, type, topic), topic, within,
        () -> from(topic, Match.type(type)));
  }

  /** Expects an event of a type behind the last one. */
  @Then(StepTexts.ANOTHER_EVENT_ARRIVES)
  public void anotherEventArrives(Duration within, String type, String topic) {
    expectEvent(said(StepTexts.ANOTHER_EVENT_ARRIVES, within, type, topic), topic, within,
        () -> behind(topic, Match.type(type)));
  }

  /** Expects an event of a key. */
  @Then(StepTexts.EVENT_WITH_KEY_ARRIVES)
  public void eventWithKeyArrives(Duration within, String key, String topic) {
    expectEvent(said(StepTexts.EVENT_WITH_KEY_ARRIVES, within, key, topic), topic, within,
        () -> from(topic, Match.key(key)));
  }

  /** Expects an event of a type that meets every row. */
  @Then(StepTexts.EVENT_ARRIVES_WHERE)
  public void eventArrivesWhere(Duration within, String type, String topic, DataTable table) {
    expectEvent(said(StepTexts.EVENT_ARRIVES_WHERE, within, type, topic), topic, within,
        () -> from(topic, Words.match(Match.type(type), table.cells())));
  }

  /** Expects an event of a type that meets every row, behind the last one. */
  @Then(StepTexts.ANOTHER_EVENT_ARRIVES_WHERE)
  public void anotherEventArrivesWhere(Duration within, String type, String topic, DataTable table) {
    expectEvent(said(StepTexts.ANOTHER_EVENT_ARRIVES_WHERE, within, type, topic), topic, within,
        () -> behind(topic, Words.match(Match.type(type), table.cells())));
  }

  /** Expects exactly so many events of a type. */
  @Then(StepTexts.EVENTS_ARRIVE_EXACTLY)
  public void eventsArriveExactly(Duration within, int count, String type, String topic) {
    expect(said(StepTexts.EVENTS_ARRIVE_EXACTLY, within, count, type, topic),
        session -> session.expectExactly(topic, count, from(topic, Match.type(type)), within).events());
  }

  /** Expects an event for each row, in this order. */
  @Then(StepTexts.EVENTS_ARRIVE_IN_ORDER)
  public void eventsArriveInOrder(Duration within, String topic, DataTable table) {
    expect(said(StepTexts.EVENTS_ARRIVE_IN_ORDER, within, topic),
        session -> session.expectAllOf(topic, matches(topic, table), Order.IN_ORDER, within).events());
  }

  /** Expects an event of its own for each row. */
  @Then(StepTexts.EVENTS_ARRIVE_IN_ANY_ORDER)
  public void eventsArriveInAnyOrder(Duration within, String topic, DataTable table) {
    expect(said(StepTexts.EVENTS_ARRIVE_IN_ANY_ORDER, within, topic),
        session -> session.expectAllOf(topic, matches(topic, table), Order.ANY_ORDER, within).events());
  }

  /** Proves that no event of a type comes. */
  @Then(StepTexts.NO_EVENT_ARRIVES)
  public void noEventArrives(String type, String topic, Duration within) {
    expect(said(StepTexts.NO_EVENT_ARRIVES, type, topic, within),
        session -> session.expectNone(topic, from(topic, Match.type(type)), within).events());
  }

  /** Proves that no event of a type comes that meets every row. */
  @Then(StepTexts.NO_EVENT_ARRIVES_WHERE)
  public void noEventArrivesWhere(String type, String topic, Duration within, DataTable table) {
    expect(said(StepTexts.NO_EVENT_ARRIVES_WHERE, type, topic, within), session -> session
        .expectNone(topic, from(topic, Words.match(Match.type(type), table.cells())), within).events());
  }

  /** Compares the whole value of an event. */
  @Then(StepTexts.CONSUMED_EVENT_HAS_VALUE)
  public void consumedEventHasValue(String id, String topic, String json) {
    expect(said(StepTexts.CONSUMED_EVENT_HAS_VALUE, id, topic), session -> List.of(
        session.expectEvent(topic, Match.id(id).json(json).mode("exact"), world.probe().askTimeout())));
  }

  /** Waits for a record that could not be decoded. */
  @Then(StepTexts.UNDECODABLE_EVENT_ARRIVES)
  public void undecodableEventArrives(String topic, Duration within) {
    world.step(said(StepTexts.UNDECODABLE_EVENT_ARRIVES, topic, within),
        () -> Undecodable.await(world.session(), world.viewpoints(), topic, within));
  }

  /** Takes the inconclusive verdict of the expectation before. */
  @Then(StepTexts.EXPECTATION_IS_INCONCLUSIVE)
  public void expectationIsInconclusive() {
    world.kept().takeInconclusive();
  }

  /** Expects that a consumer group has read a topic. */
  @Then(StepTexts.GROUP_HAS_CAUGHT_UP)
  public void groupHasCaughtUp(String group, String topic, Duration within) {
    expect(said(StepTexts.GROUP_HAS_CAUGHT_UP, group, topic, within), session -> {
      session.expectGroupCaughtUp(group, topic, within);
      return List.of();
    });
  }

  /** Verifies the delivery of what was produced. */
  @Then(StepTexts.DELIVERED_ONCE)
  public void deliveredOnce(String topic, Duration within) {
    expect(said(StepTexts.DELIVERED_ONCE, topic, within), session -> {
      Verification everything = Verification.all().matching(from(topic, Match.any()));
      return session.verifyDelivery(topic, everything, within).events();
    });
  }

  /** Verifies that each event of a topic comes out once on another one. */
  @Then(StepTexts.COMES_OUT_ONCE)
  public void comesOutOnce(String topic, String output, Duration within) {
    expect(said(StepTexts.COMES_OUT_ONCE, topic, output, within), session -> {
      Verification once = Verification.all().output(output).matching(from(topic, Match.any()));
      return session.verifyDelivery(topic, once, within).events();
    });
  }

  /** Asks the session for what the step expects, and notes the events that were found. */
  private void expect(String step, Function<ProbeSession, List<ReceivedEvent>> asking) {
    world.step(step, () -> world.viewpoints().found(asking.apply(world.session())));
  }

  private void expectEvent(String step, String topic, Duration within, Supplier<Match> match) {
    expect(step, session -> List.of(session.expectEvent(topic, match.get(), within)));
  }

  private Match from(String topic, Match.Spec match) {
    return world.viewpoints().from(topic, match);
  }

  private Match behind(String topic, Match.Spec match) {
    return world.viewpoints().behind(topic, match);
  }

  /** Returns the match of each row, from where expectations on this topic look. */
  private List<Match> matches(String topic, DataTable table) {
    List<Match> matches = new ArrayList<>();
    for (Match.Spec match : Words.matches(table.cells())) {
      matches.add(from(topic, match));
    }
    return matches;
  }
}
