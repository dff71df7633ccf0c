package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Conditions on one event; all that are given must hold. Begun by a static method, continued by those of {@link Spec}:
 * {@code Match.id("evt-1").type("OrderCreated")}.
 */
public sealed interface Match permits Match.Spec {
  /** Returns a match of every event. */
  static Spec any() {
    return new Spec(Json.object(), null);
  }

  /** Returns a match of the events of an id. */
  static Spec id(String id) {
    return any().id(id);
  }

  /** Returns a match of the events of a type. */
  static Spec type(String type) {
    return any().type(type);
  }

  /** Returns a match of the events of a payload version. */
  static Spec version(String version) {
    return any().version(version);
  }

  /** Returns a match of the events with a key. */
  static Spec key(String key) {
    return any().key(key);
  }

  /** Returns a match of the events with a header. */
  static Spec header(String name, String value) {
    return any().header(name, value);
  }

  /** Returns a match of the events whose value contains this; see {@link Spec#value}. */
  static Spec value(Object value) {
    return any().value(value);
  }

  /** Returns a match of the events whose value contains this JSON. */
  static Spec json(String json) {
    return any().json(json);
  }

  /** Returns a match of the events of which a CEL expression is true; see {@link Spec#where}. */
  static Spec where(String expression) {
    return any().where(expression);
  }

  /** Returns a match of the events that have something at a place; see {@link Spec#matcher(String, String)}. */
  static Spec matcher(String path, String matcher) {
    return any().matcher(path, matcher);
  }

  /** Returns a match of the events that have something at a place; see {@link Spec#matcher(String, String, Object)}. */
  static Spec matcher(String path, String matcher, Object value) {
    return any().matcher(path, matcher, value);
  }

  /**
   * Returns the match of a JSON object, with the keys of every language: {@code id, type, version, key, headers, value,
   * mode, matchers, where, own, hint}, and whatever else the engine knows; it refuses what it does not know. INVALID_ARGUMENT for what is no
   * object.
   */
  static Spec fromJson(String json) {
    JsonNode read = Json.parse(Errors.required(json, "json"), "the match");
    if (read instanceof ObjectNode document) {
      return Spec.read(document);
    }
    throw Errors.invalidArgument("the match was no JSON object");
  }

  /**
   * A match that can be narrowed. Each method returns a copy. A null is not "no condition": the engine refuses it,
   * since a test that lost its id would match every event.
   */
  final class Spec implements Match {
    private final ObjectNode document;
    private final String topic;

    private Spec(ObjectNode document, String topic) {
      this.document = document;
      this.topic = topic;
    }

    /** Returns the match of a document; the topic that it names is that of {@link #topic}. */
    static Spec read(ObjectNode document) {
      ObjectNode conditions = document.deepCopy();
      JsonNode topic = conditions.remove("topic");
      return new Spec(conditions, topic == null ? null : topic.textValue());
    }

    private Spec with(String key, JsonNode value) {
      ObjectNode copy = document.deepCopy();
      copy.set(key, value);
      return new Spec(copy, topic);
    }

    private Spec with(String key, String text) {
      return with(key, document.textNode(text));
    }

    /** Asks for an id. */
    public Spec id(String id) {
      return with("id", nullable(id));
    }

    /** Asks for a type. */
    public Spec type(String type) {
      return with("type", nullable(type));
    }

    /** Asks for a payload version. */
    public Spec version(String version) {
      return with("version", nullable(version));
    }

    /** Asks for a key. */
    public Spec key(String key) {
      return with("key", nullable(key));
    }

    /** Asks for a key that is no text. */
    public Spec key(byte[] key) {
      return with("key", textOrBase64(key));
    }

    /** Asks for a header, beside those asked for before; with a null value for one that is null. */
    public Spec header(String name, String value) {
      return header(name, Json.utf8(value));
    }

    /** Asks for a header whose value is no text. */
    public Spec header(String name, byte[] value) {
      ArrayNode headers = document.path("headers").isArray()
          ? (ArrayNode) document.path("headers").deepCopy() : document.arrayNode();
      headers.addArray().add(Errors.required(name, "name")).add(textOrBase64(value));
      return with("headers", headers);
    }

    /**
     * Asks for a value: objects may have more members, lists have the same length and order, unless {@link #mode} says
     * otherwise; 5 equals 5.0 and never "5". Placeholders as {@code ${json-unit.any-string}} are understood. Null asks
     * for a tombstone, or a JSON null.
     */
    public Spec value(Object value) {
      return with("value", Json.of(value, "the match"));
    }

    /** Asks for a value, given as JSON. */
    public Spec json(String json) {
      return with("value", Json.parse(Errors.required(json, "json"), "the match"));
    }

    /** Chooses how the value is compared: {@code subset} (when not chosen), {@code exact} or {@code any_order}. */
    public Spec mode(String mode) {
      return with("mode", nullable(mode));
    }

    /**
     * Asks one place, beside those asked before: {@code id}, {@code type}, {@code version}, {@code key},
     * {@code header:NAME}, {@code value}, or a JSONPath into the value, as {@code $.items[0].sku}. This is for matchers
     * that take no value: {@code any-string}, {@code present}, {@code absent} and their like.
     */
    public Spec matcher(String path, String matcher) {
      return matcher(Json.object().put("path", path).put("matcher", matcher));
    }

    /**
     * Asks one place, with what the matcher takes: {@code matcher("$.total", "between", List.of(1, 5))}. The matchers
     * are listed in docs/matches.md.
     */
    public Spec matcher(String path, String matcher, Object value) {
      ObjectNode asked = Json.object().put("path", path).put("matcher", matcher);
      asked.set("value", Json.of(value, "the match"));
      return matcher(asked);
    }

    private Spec matcher(ObjectNode asked) {
      ArrayNode matchers = document.path("matchers").isArray()
          ? (ArrayNode) document.path("matchers").deepCopy() : document.arrayNode();
      return with("matchers", matchers.add(asked));
    }

    /**
     * Asks that a CEL expression is true, over {@code id, type, version, key, headers, value, topic, partition, offset}
     * and {@code timestamp}: {@code "value.total > 3 && key == 'o-1'"}.
     */
    public Spec where(String expression) {
      return with("where", nullable(expression));
    }

    /** Narrows to events that this session produced, or to those of others. */
    public Spec own(boolean own) {
      return with("own", document.booleanNode(own));
    }

    /** Looks behind a mark. */
    public Spec after(Mark mark) {
      ObjectNode after = Json.object();
      after.set("mark", Errors.required(mark, "after").document());
      return with("after", after);
    }

    /** Looks behind an event that was produced. */
    public Spec after(ProducedAck ack) {
      Errors.required(ack, "after");
      return after(ack.topic(), ack.partition(), ack.offset());
    }

    /** Looks behind an event that was received. */
    public Spec after(ReceivedEvent event) {
      Errors.required(event, "after");
      return after(event.topic(), event.partition(), event.offset());
    }

    private Spec after(String topic, int partition, long offset) {
      return with("after", Json.object().put("topic", topic).put("partition", partition).put("offset", offset));
    }

    /** Adds a sentence of the test that failures repeat. */
    public Spec hint(String hint) {
      return with("hint", nullable(hint));
    }

    /** Looks on another topic of the session; for {@code expectAllOf}. */
    public Spec topic(String topic) {
      return new Spec(document, topic);
    }

    ObjectNode document() {
      return document;
    }

    /** Returns the match as one of several, with the topic that it names. */
    ObjectNode onTopic() {
      return topic == null ? document : document.deepCopy().put("topic", topic);
    }

    /** Returns the topic that {@link #topic(String)} set, or null. */
    String topic() {
      return topic;
    }

    private JsonNode nullable(String text) {
      return text == null ? document.nullNode() : document.textNode(text);
    }

    private JsonNode textOrBase64(byte[] bytes) {
      if (bytes == null) {
        return document.nullNode();
      }
      try {
        return document.textNode(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
      } catch (CharacterCodingException binary) {
        return Json.object().put("base64", Base64.getEncoder().encodeToString(bytes));
      }
    }

    @Override
    public String toString() {
      return "Match" + document;
    }
  }
}
