package io.testprobe.cucumber;

import static io.testprobe.cucumber.Spoken.said;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.cucumber.datatable.DataTable;
import io.cucumber.java.After;
import io.cucumber.java.en.Given;
import io.cucumber.java.en.Then;
import io.cucumber.java.en.When;
import io.testprobe.ConsumedNack;
import io.testprobe.ProbeFailure;
import io.testprobe.ReceivedEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The steps of our own features, of scope {@code tests}: what the runner does, and what outside parties do. */
public final class OutsideSteps {
  private final ProbeWorld world;
  private Outside outside;

  public OutsideSteps(ProbeWorld world) {
    this.world = world;
  }

  @After
  public void end() throws Exception {
    if (outside != null) {
      outside.close();
    }
  }

  // What the runner does.

  @Given("failures are kept")
  public void failuresAreKept() {
    world.kept().keepAll();
  }

  @Then("the step/expectation fails with {string}")
  public void stepFails(String code) {
    ProbeFailure failure = world.kept().take();
    assertEquals(code, failure == null ? null : failure.code().name());
  }

  @When("the session is closed")
  public void sessionIsClosed() {
    world.step("the session is closed", () -> world.session().close());
  }

  @Then("fetching event/message {string} from topic {string} says {string}")
  public void fetchSays(String id, String topic, String reason) {
    world.step(said("fetching event {string} from topic {string} says {string}", id, topic, reason),
        () -> assertEquals(reason,
            assertInstanceOf(ConsumedNack.class, world.session().fetchConsumedEvent(topic, id)).reason()));
  }

  @Then("the journal of topic {string} holds:")
  public void journalHolds(String topic, DataTable table) {
    world.step(said("the journal of topic {string} holds:", topic), () -> {
      List<String> columns = table.row(0);
      List<List<String>> found = new ArrayList<>(List.of(columns));
      for (ReceivedEvent event : world.session().journal(topic)) {
        Map<String, String> cells = Map.of("id", text(event.id()), "type", text(event.type()),
            "version", text(event.version()), "error", event.error() == null ? "" : event.error().code().name());
        found.add(columns.stream().map(cells::get).toList());
      }
      assertEquals(DataTable.create(text(table.cells())).toString(), DataTable.create(found).toString());
    });
  }

  private static List<List<String>> text(List<List<String>> cells) {
    return cells.stream().map(row -> row.stream().map(OutsideSteps::text).toList()).toList();
  }

  private static String text(String cell) {
    return cell == null ? "" : cell;
  }

  @Then("the journal of topic {string} holds the {int} events that were sent, in order")
  public void journalHoldsWhatWasSent(String topic, int count) {
    world.step(said("the journal of topic {string} holds the {int} events", topic, count),
        () -> assertEquals(IntStream.rangeClosed(1, count).mapToObj(n -> "sent-" + n).toList(),
            world.session().journal(topic).stream().map(ReceivedEvent::id).toList()));
  }

  // What outside parties do.

  private void outside(String step, String docString, Object... arguments) {
    world.step(step, () -> {
      if (outside == null) {
        outside = new Outside();
      }
      outside.run(step, arguments, docString, world);
    });
  }

  @Then("its explanation says:")
  public void explanationSays(String text) {
    outside("explanation_says", text);
  }

  @Given("topic {string} does not exist")
  public void topicDoesNotExist(String topic) {
    outside("topic_does_not_exist", null, topic);
  }

  @When("another client creates topic {string} with {int} partition(s)")
  public void clientCreatesTopic(String topic, int partitions) {
    outside("client_creates_topic", null, topic, partitions);
  }

  @When("another client produces to topic {string} the record(s):")
  public void clientProduces(String topic, String records) {
    outside("client_produces", records, topic);
  }

  @When("another client sends {int} event(s) of this test to topic {string}")
  public void clientSends(int count, String topic) {
    outside("client_sends", null, count, topic);
  }

  @Given("a service that answers each {string} on topic {string} with a(n) {string} on topic {string}")
  public void serviceAnswers(String request, String source, String answer, String target) {
    outside("service_answers", null, request, source, answer, target);
  }

  @Then("a Kafka tool that sends {int} events of this test to topic {string} sees them committed as {string}")
  public void toolSeesBatches(int count, String topic, String batches) {
    outside("tool_sees_batches", null, count, topic, batches);
  }

  @Then("a Kafka tool sees that {int} of them are committed on topic {string} and no more")
  public void toolSeesNoMore(int count, String topic) {
    outside("tool_sees_no_more", null, count, topic);
  }

  @When("the consumer group {string} commits offset {int} of topic {string}")
  public void groupCommits(String group, int offset, String topic) {
    outside("group_commits", null, group, offset, topic);
  }
}
