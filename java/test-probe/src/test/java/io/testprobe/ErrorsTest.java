package io.testprobe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One class for each category of codes. */
class ErrorsTest {
  private static final Map<ErrorCode, Class<?>> NAMED = Map.of(
      ErrorCode.DUPLICATE_TOPIC, DuplicateTopicException.class,
      ErrorCode.INVALID_BOOTSTRAP_SERVERS, InvalidBootstrapServersException.class,
      ErrorCode.ACTOR_NOT_REGISTERED, ActorNotRegisteredException.class,
      ErrorCode.DSL_NOT_INITIALIZED, DslNotInitializedException.class);

  private static final Map<ErrorCode.Category, Class<?>> BY_CATEGORY = Map.of(
      ErrorCode.Category.USAGE, UsageException.class,
      ErrorCode.Category.EXPECTATION, ExpectationFailed.class,
      ErrorCode.Category.INCONCLUSIVE, InconclusiveException.class,
      ErrorCode.Category.KAFKA, KafkaException.class,
      ErrorCode.Category.SCHEMA, SchemaException.class,
      ErrorCode.Category.LIFECYCLE, LifecycleException.class,
      ErrorCode.Category.INTERNAL, ProbeException.class);

  private static ObjectNode document(ErrorCode code) {
    ObjectNode document = Json.object().put("code", code.number()).put("message", "it broke").put("hint", "try again");
    document.putObject("context").put("topic", "orders").putArray("n").add(1);
    document.set("source", Json.object().put("code", 3001).put("message", "no broker answered"));
    return document;
  }

  @ParameterizedTest
  @EnumSource(ErrorCode.class)
  void every_code_has_its_class_and_is_whole(ErrorCode code) throws Exception {
    Throwable error = Errors.fromDocument(document(code));
    assertSame(NAMED.getOrDefault(code, BY_CATEGORY.get(code.category())), error.getClass());
    assertSame(code.category() == ErrorCode.Category.EXPECTATION, error instanceof AssertionError);
    assertWhole(code, error);
    // Runners send exceptions from one virtual machine to another.
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new ObjectOutputStream(bytes).writeObject(error);
    assertWhole(code, (Throwable) new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject());
  }

  private static void assertWhole(ErrorCode code, Throwable error) {
    ProbeFailure failure = assertInstanceOf(ProbeFailure.class, error);
    assertSame(code, failure.code());
    assertEquals("it broke\nhint: try again", error.getMessage());
    assertEquals("it broke", failure.explanation());
    assertEquals("try again", failure.hint());
    assertEquals("orders", failure.context().get("topic"));
    assertEquals(code.retriable(), failure.retriable());
    assertSame(ErrorCode.BROKER_UNREACHABLE, assertInstanceOf(KafkaException.class, error.getCause()).code());
  }

  @Test
  void the_codes_are_those_of_the_engine() {
    NativeLibrary.load();
    Map<String, Object> codes = Json.plainMap(Json.read(Native.about()).path("codes"));
    assertEquals(codes.size(), ErrorCode.values().length);
    for (ErrorCode code : ErrorCode.values()) {
      assertEquals(code.number(), codes.get(code.name()));
      assertSame(code, ErrorCode.of(code.number()));
    }
  }

  @Test
  void a_code_that_these_classes_do_not_know_is_ours_to_mend() {
    Throwable error = Errors.fromDocument(Json.object().put("code", 8999).put("message", "from later"));
    assertSame(ErrorCode.INTERNAL, assertInstanceOf(ProbeException.class, error).code());
    assertFalse(((ProbeFailure) error).retriable());
    assertTrue(error.getMessage().contains("from later"));
  }
}
