package io.testprobe.junit5;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.testprobe.ActorNotRegisteredException;
import io.testprobe.Config;
import io.testprobe.Probe;
import io.testprobe.ProbeSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What tests get. Runs on JUnit 5 and on JUnit 6. */
class ExtensionTest {
  /** YAML for a topic. */
  private static final String TOPIC = "topics: [{role: both, create: {partitions: 1}, topic: ";

  private static Probe shared;

  @Nested
  @ExtendWith(ProbeExtension.class)
  @ProbeTopics(TOPIC + "of-class}]\n")
  class Parameters {
    private final ProbeSession ofConstructor;
    private ProbeSession ofBefore;

    Parameters(ProbeSession session) {
      ofConstructor = session;
    }

    @BeforeEach
    void before(ProbeSession session) {
      ofBefore = session;
    }

    @AfterEach
    void after(ProbeSession session) {
      assertSame(ofBefore, session);
      session.mark();
    }

    @Test
    void a_test_has_one_session(ProbeSession session, Probe probe) {
      assertSame(session, ofConstructor);
      assertSame(session, ofBefore);
      assertSame(probe, session.probe());
      session.journal("of-class");
    }

    @Test
    @ProbeTopics(value = TOPIC + "of-method}]\n", testId = "chosen")
    void a_method_says_its_own_topics(ProbeSession session) {
      assertEquals("chosen", session.testId());
      session.journal("of-method");
      assertThrows(ActorNotRegisteredException.class, () -> session.journal("of-class"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"first", "second"})
    void each_invocation_has_its_session(String name, ProbeSession session) {
      assertSame(ofBefore, session);
      session.journal("of-class");
    }

    @Nested
    class Inside {
      @Test
      void a_class_inside_has_the_topics_of_the_class_around(ProbeSession session) {
        session.journal("of-class");
      }
    }
  }

  @Nested
  @ExtendWith(ProbeExtension.class)
  class Files {
    @Test
    @ProbeTopics("beside.yaml")
    void a_file_is_found_beside_the_class(ProbeSession session) {
      session.journal("beside");
    }

    @Test
    @ProbeTopics("com/acme/orders/topics.yaml")
    void a_file_is_found_at_the_root_of_the_class_path(ProbeSession session) {
      session.journal("orders");
    }

    @Test
    @ProbeTopics("/com/acme/orders/topics.yaml")
    void a_file_is_found_by_its_absolute_name_on_the_class_path(ProbeSession session) {
      session.journal("orders");
    }

    @Test
    @ProbeTopics("src/test/resources/com/acme/orders/topics.yaml")
    void a_file_is_found_in_the_working_directory(ProbeSession session) {
      session.journal("orders");
    }

    @Test
    void a_test_without_topics_has_a_session_all_the_same(ProbeSession session) {
      session.mark();
    }
  }

  @Nested
  @ExtendWith(ProbeExtension.class)
  @TestMethodOrder(MethodOrderer.OrderAnnotation.class)
  class OneProbe {
    @BeforeAll
    static void before(Probe probe) {
      shared = probe;
    }

    @Test
    void the_probe_is_that_of_the_run(Probe probe, ProbeSession session) {
      assertSame(shared, probe);
      assertSame(shared, session.probe());
    }
  }

  @Nested
  @TestMethodOrder(MethodOrderer.OrderAnnotation.class)
  class OwnProbes {
    @RegisterExtension
    static final ProbeExtension OF_CLASS = ProbeExtension.builder().embedded().build();

    private static Probe first;

    @Test
    @Order(1)
    void a_class_has_a_probe_of_its_own(Probe probe) {
      first = probe;
      assertNotSame(shared, probe);
    }

    @Test
    @Order(2)
    void the_tests_of_the_class_share_it(Probe probe) {
      assertSame(first, probe);
    }
  }

  @Nested
  @TestMethodOrder(MethodOrderer.OrderAnnotation.class)
  class ProbesOfTests {
    private static String first;

    @RegisterExtension
    final ProbeExtension ofTest = ProbeExtension.builder()
        .config(Config.fromString("kafka: {embedded: {brokers: 2}}")).build();

    @Test
    @Order(1)
    void a_test_has_a_probe_of_its_own(Probe probe, ProbeSession session) {
      first = probe.bootstrapServers();
      assertEquals(2, first.split(",").length);
    }

    @Test
    @Order(2)
    void the_next_test_has_another(Probe probe) {
      assertNotEquals(first, probe.bootstrapServers());
    }
  }
}
