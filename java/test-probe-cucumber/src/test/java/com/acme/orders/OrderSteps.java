package com.acme.orders;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.cucumber.java.en.Then;
import io.cucumber.java.en.When;
import io.testprobe.Event;
import io.testprobe.Match;
import io.testprobe.ReceivedEvent;
import io.testprobe.cucumber.ProbeWorld;

/** Steps as users write them, beside ours. */
public final class OrderSteps {
  /** A value of the topic {@code orders}. */
  public record Order(String customer, int total) {}

  private final ProbeWorld world;

  public OrderSteps(ProbeWorld world) {
    this.world = world;
  }

  @When("{word} orders for {int} francs")
  public void order(String customer, int total) {
    world.session().produceEvent("orders", Event.of("OrderCreated").value(new Order(customer, total)));
  }

  @Then("the order of {word} is worth {int} francs")
  public void isWorth(String customer, int total) {
    ReceivedEvent order = world.session().expectEvent("orders", Match.json("{\"customer\": \"" + customer + "\"}"));
    assertEquals(total, order.valueAs(Order.class).total());
  }
}
