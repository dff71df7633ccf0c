package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Serializable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Makes exceptions of the engine's errors. */
final class Errors {
  /** What every error of the engine has. The facts are texts, numbers, maps and lists, which can be serialised. */
  record Facts(ErrorCode code, String message, String hint, LinkedHashMap<String, Object> context)
      implements Serializable {
    /** Returns the whole text. */
    String text() {
      return hint == null ? message : message + "\nhint: " + hint;
    }

    Map<String, Object> readable() {
      return Collections.unmodifiableMap(context);
    }
  }

  private Errors() {}

  /** Returns the exception of an error's document, unchecked whatever its class. */
  static Throwable fromDocument(JsonNode document) {
    JsonNode context = document.path("context");
    Facts facts = new Facts(
        ErrorCode.of(document.path("code").asInt()),
        document.path("message").asText(),
        Json.text(document, "hint"),
        context.isObject() ? new LinkedHashMap<>(Json.plainMap(context)) : new LinkedHashMap<>());
    Throwable error = of(facts);
    JsonNode source = document.path("source");
    if (source.isObject()) {
      error.initCause(fromDocument(source));
    }
    return error;
  }

  /** Returns the error of a nack, which is never a verdict. */
  static ProbeException exception(JsonNode document) {
    return (ProbeException) fromDocument(document);
  }

  /** Returns the document of an error: what {@link #fromDocument} reads, and what the code says. */
  static ObjectNode document(ProbeFailure failure) {
    ErrorCode code = failure.code();
    ObjectNode document = Json.object()
        .put("code", code.number())
        .put("name", code.name())
        .put("category", code.category().name().toLowerCase(Locale.ROOT))
        .put("message", failure.explanation())
        .put("hint", failure.hint())
        .put("retriable", failure.retriable());
    document.set("context", Json.of(failure.context(), "the context"));
    Throwable cause = ((Throwable) failure).getCause();
    document.set("source", cause instanceof ProbeFailure source ? document(source) : null);
    return document;
  }

  private static Throwable of(Facts facts) {
    return switch (facts.code) {
      case DUPLICATE_TOPIC -> new DuplicateTopicException(facts);
      case INVALID_BOOTSTRAP_SERVERS -> new InvalidBootstrapServersException(facts);
      case ACTOR_NOT_REGISTERED -> new ActorNotRegisteredException(facts);
      case DSL_NOT_INITIALIZED -> new DslNotInitializedException(facts);
      default -> switch (facts.code.category()) {
        case USAGE -> new UsageException(facts);
        case EXPECTATION -> new ExpectationFailed(facts);
        case INCONCLUSIVE -> new InconclusiveException(facts);
        case KAFKA -> new KafkaException(facts);
        case SCHEMA -> new SchemaException(facts);
        case LIFECYCLE -> new LifecycleException(facts);
        case INTERNAL -> new ProbeException(facts);
      };
    };
  }

  static UsageException usage(ErrorCode code, String message, String hint) {
    return new UsageException(new Facts(code, message, hint, new LinkedHashMap<>()));
  }

  static UsageException invalidArgument(String message) {
    return usage(ErrorCode.INVALID_ARGUMENT, message, null);
  }

  static LifecycleException lifecycle(ErrorCode code, String message) {
    return new LifecycleException(new Facts(code, message, null, new LinkedHashMap<>()));
  }

  /** Returns the argument, or the error of one that must not be null. */
  static <T> T required(T argument, String name) {
    if (argument == null) {
      throw invalidArgument("`" + name + "` was null");
    }
    return argument;
  }

  /** Throws an unchecked exception or an error. */
  static RuntimeException thrown(Throwable error) {
    if (error instanceof Error fatal) {
      throw fatal;
    }
    if (error instanceof RuntimeException unchecked) {
      throw unchecked;
    }
    throw new IllegalStateException(error);
  }
}
