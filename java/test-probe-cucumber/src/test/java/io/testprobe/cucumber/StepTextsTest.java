package io.testprobe.cucumber;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.cucumber.java.ParameterType;
import io.cucumber.java.en.Given;
import io.cucumber.java.en.Then;
import io.cucumber.java.en.When;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** The steps that are bound, beside those that every language understands. */
class StepTextsTest {
  private static Stream<JsonNode> stated(String list) throws Exception {
    JsonNode steps = new ObjectMapper().readTree(Support.ROOT.resolve("tests/features/steps.json").toFile());
    return StreamSupport.stream(steps.path(list).spliterator(), false);
  }

  private static List<String> steps(boolean ofTests) throws Exception {
    return stated("steps").filter(step -> step.path("scope").asText().equals("tests") == ofTests)
        .map(step -> step.path("text").asText()).sorted().toList();
  }

  private static List<String> bound(Class<?> glue) {
    return Arrays.stream(glue.getMethods()).map(Method::getAnnotations).flatMap(Arrays::stream)
        .flatMap(StepTextsTest::text).sorted().toList();
  }

  private static Stream<String> text(Annotation annotation) {
    return annotation instanceof Given given ? Stream.of(given.value())
        : annotation instanceof When when ? Stream.of(when.value())
        : annotation instanceof Then then ? Stream.of(then.value())
        : Stream.of();
  }

  @Test
  void every_step_is_bound_once_and_no_other() throws Exception {
    assertTrue(steps(false).size() >= 29);
    assertEquals(steps(false), bound(ProbeSteps.class));
    assertEquals(steps(true), bound(OutsideSteps.class));
  }

  @Test
  void every_kind_of_parameter_is_defined() throws Exception {
    List<String> defined = Arrays.stream(ProbeSteps.class.getMethods())
        .map(method -> method.getAnnotation(ParameterType.class)).filter(type -> type != null)
        .map(ParameterType::name).toList();
    assertEquals(stated("parameterTypes").map(type -> type.path("name").asText()).toList(), defined);
  }

  @Test
  void a_step_is_said_as_people_write_it() {
    assertEquals("I produce event \"A\" with id \"e-1\" to topic \"orders\":",
        Spoken.said(StepTexts.PRODUCE_TYPED_EVENT, "A", "e-1", "orders"));
    assertEquals("within PT5S exactly 3 \"A\" event arrive on topic \"a$b/c\"",
        Spoken.said(StepTexts.EVENTS_ARRIVE_EXACTLY, java.time.Duration.ofSeconds(5), 3, "A", "a$b/c"));
  }
}
