package com.acme.orders;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.testprobe.Event;
import io.testprobe.Match;
import io.testprobe.ProbeSession;
import io.testprobe.ReceivedEvent;
import io.testprobe.junit5.ProbeExtension;
import io.testprobe.junit5.ProbeTopics;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(ProbeExtension.class)
class OrdersTest {
  record Order(String customer, int total) {}

  @Test
  @ProbeTopics("topics.yaml")
  void an_order_comes_back_and_is_not_rejected(ProbeSession session) {
    session.produceEvent("orders", Event.of("OrderCreated").id("evt-1").value(new Order("Ada", 5)));
    ReceivedEvent order = session.expectEvent("orders", Match.id("evt-1"), Duration.ofSeconds(5));
    assertEquals(new Order("Ada", 5), order.valueAs(Order.class));
    session.expectNone("orders", Match.type("OrderRejected"), Duration.ofMillis(500));
  }
}
