package io.testprobe;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;

/** JSON, in one place: no type of the library behind it is part of the API. */
final class Json {
  private static final BigInteger LEAST = BigInteger.valueOf(Long.MIN_VALUE);
  private static final BigInteger MOST = BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);

  /** Its buffers belong to it: what a thread keeps instead would keep the class loader, too. */
  private static final JsonFactory FACTORY =
      JsonFactory.builder().recyclerPool(JsonRecyclerPools.newConcurrentDequePool()).build();

  /** With the modules that are on the class path, as those for java.time; a test may read a part of an event. */
  private static final ObjectMapper MAPPER = JsonMapper.builder(FACTORY)
      .findAndAddModules()
      .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .build();

  private Json() {}

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** Reads a document of the engine. */
  static JsonNode read(byte[] document) {
    try {
      return MAPPER.readTree(document);
    } catch (IOException error) {
      throw new IllegalStateException("a document of the engine was not JSON", error);
    }
  }

  /** Reads JSON of a caller. */
  static JsonNode parse(String text, String what) {
    JsonNode node;
    try {
      node = MAPPER.readTree(text);
    } catch (JsonProcessingException error) {
      throw Errors.invalidArgument(what + " was not JSON: " + error.getOriginalMessage());
    }
    if (node.isMissingNode()) {
      throw Errors.invalidArgument(what + " was empty, not JSON");
    }
    return checked(node, what);
  }

  /** Returns data of a caller as JSON: maps, lists, texts, numbers, records and beans. */
  static JsonNode of(Object data, String what) {
    try {
      return checked(exact(MAPPER.valueToTree(data)), what);
    } catch (IllegalArgumentException error) {
      throw Errors.invalidArgument(what + " was not JSON-like data: " + error.getMessage());
    }
  }

  /** Writes decimals of which a double would lose a digit as texts: a schema that has decimals takes them for such. */
  private static JsonNode exact(JsonNode node) {
    if (node.isBigDecimal()) {
      double nearest = node.doubleValue();
      boolean fits = Double.isFinite(nearest) && BigDecimal.valueOf(nearest).compareTo(node.decimalValue()) == 0;
      return fits ? node : TextNode.valueOf(node.decimalValue().toPlainString());
    }
    if (node instanceof ObjectNode object) {
      object.properties().forEach(member -> member.setValue(exact(member.getValue())));
    } else if (node instanceof ArrayNode array) {
      for (int index = 0; index < array.size(); index++) {
        array.set(index, exact(array.get(index)));
      }
    }
    return node;
  }

  /** Refuses the numbers that JSON or the engine's 64 bits do not hold. */
  private static JsonNode checked(JsonNode node, String what) {
    if (node.isFloatingPointNumber() && !Double.isFinite(node.doubleValue())) {
      throw Errors.invalidArgument(what + " had the number `" + node.asText() + "`, which JSON does not have");
    }
    if (node.isBigInteger()
        && (node.bigIntegerValue().compareTo(LEAST) < 0 || node.bigIntegerValue().compareTo(MOST) > 0)) {
      throw Errors.usage(ErrorCode.INVALID_ARGUMENT,
          what + " had the integer `" + node.asText() + "`, which 64 bits do not hold",
          "send it as a text, or write the bytes yourself");
    }
    node.forEach(part -> checked(part, what));
    return node;
  }

  /** Returns a document as the engine reads it. */
  static byte[] bytes(JsonNode document) {
    try {
      return MAPPER.writeValueAsBytes(document);
    } catch (JsonProcessingException error) {
      throw Errors.invalidArgument("an argument was not JSON-like data: " + error.getOriginalMessage());
    }
  }

  /** Returns a text in UTF-8; null for null. */
  static byte[] utf8(String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  /** Returns JSON as maps, lists, texts and numbers. */
  static Object plain(JsonNode node) {
    return to(node, Object.class);
  }

  static Map<String, Object> plainMap(JsonNode node) {
    return MAPPER.convertValue(node, new TypeReference<Map<String, Object>>() {});
  }

  static <T> T to(JsonNode node, Class<T> type) {
    try {
      return MAPPER.treeToValue(node, type);
    } catch (JsonProcessingException | IllegalArgumentException error) {
      String why = error instanceof JsonProcessingException json ? json.getOriginalMessage() : error.getMessage();
      throw Errors.invalidArgument("the value could not be read as `" + type.getName() + "`: " + why);
    }
  }

  /** Returns what a document says of bytes: text, or {@code {"base64"}}; null for what it does not have. */
  static byte[] wire(JsonNode node) {
    JsonNode encoded = node.path("base64");
    return encoded.isTextual() ? Base64.getDecoder().decode(encoded.textValue()) : utf8(node.textValue());
  }

  /** Returns the text under a key, or null. */
  static String text(JsonNode document, String key) {
    JsonNode value = document.path(key);
    return value.isTextual() ? value.textValue() : null;
  }
}
