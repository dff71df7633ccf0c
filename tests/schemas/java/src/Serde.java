import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.apicurio.registry.serde.avro.AvroKafkaDeserializer;
import io.apicurio.registry.serde.avro.AvroKafkaSerializer;
import io.apicurio.registry.serde.jsonschema.JsonSchemaKafkaDeserializer;
import io.apicurio.registry.serde.jsonschema.JsonSchemaKafkaSerializer;
import io.apicurio.registry.serde.protobuf.ProtobufKafkaDeserializer;
import io.apicurio.registry.serde.protobuf.ProtobufKafkaSerializer;
import io.apicurio.registry.serde.strategy.TopicIdStrategy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A service in Java with serializers that are not ours: one command per line on stdin, one answer per line on stdout.
 *
 * <p>Arguments are the bootstrap servers and the registry's own interface. Commands are objects with {@code do},
 * {@code topic}, and for {@code key} and {@code value} an object each:
 *
 * <ul>
 *   <li>{@code write}: {@code {format, schema, message, data, register}} and {@code headers}; answers with {@code
 *       offset}. Without {@code register} the latest schema of the subject is used.
 *   <li>{@code read}: {@code {format}}, for Protobuf with {@code schema} and {@code message}, and {@code offset};
 *       answers with {@code key} and {@code value}.
 * </ul>
 *
 * <p>Values are JSON, as {@link Natural} says. What failed is answered with {@code error}.
 */
public final class Serde {
  private static final Duration POLL = Duration.ofMillis(100);
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
  private static final String REGISTRY = "apicurio.registry.";

  private final Map<String, Object> shared;
  private final KafkaProducer<byte[], byte[]> producer;

  private Serde(String bootstrap, String registry) {
    shared = Map.of("bootstrap.servers", bootstrap, REGISTRY + "url", registry,
        // The subjects of Confluent's TopicNameStrategy: `<topic>-key` and `<topic>-value`.
        REGISTRY + "artifact-resolver-strategy", TopicIdStrategy.class.getName(),
        // Confluent's wire format of Protobuf, in place of Apicurio's own.
        REGISTRY + "serde.send-type-ref", "false", REGISTRY + "serde.read-type-ref", "false",
        REGISTRY + "serde.send-indexes", "true", REGISTRY + "serde.read-indexes", "true",
        // Its comparison of a message with the schema takes a map for a change.
        REGISTRY + "serde.validation-enabled", "false");
    producer = new KafkaProducer<>(shared, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /**
   * Obeys until stdin ends.
   *
   * @param arguments bootstrap servers, URL of the registry's own interface
   * @throws IOException when stdin cannot be read
   */
  public static void main(String[] arguments) throws IOException {
    Serde serde = new Serde(arguments[0], arguments[1]);
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      System.out.println(serde.answer(line));
    }
    serde.producer.close(Duration.ofSeconds(1));
  }

  private String answer(String line) {
    try {
      JsonNode command = Natural.JSON.readTree(line);
      return switch (command.path("do").asText()) {
        case "write" -> write(command).toString();
        case "read" -> read(command).toString();
        default -> throw new IllegalArgumentException("`do` was neither `write` nor `read`");
      };
    } catch (Exception failed) {
      StringBuilder said = new StringBuilder();
      for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
        said.append(said.isEmpty() ? "" : ": ").append(cause);
      }
      return Natural.JSON.createObjectNode().put("error", said.toString()).toString();
    }
  }

  private ObjectNode write(JsonNode command) throws Exception {
    String topic = command.get("topic").asText();
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(topic, 0, bytes(topic, command.get("key"), true), bytes(topic, command.get("value"), false));
    command.path("headers").properties().forEach(
        header -> record.headers().add(header.getKey(), header.getValue().asText().getBytes(StandardCharsets.UTF_8)));
    long offset = producer.send(record).get(PATIENCE_NANOS, TimeUnit.NANOSECONDS).offset();
    return Natural.JSON.createObjectNode().put("offset", offset);
  }

  private byte[] bytes(String topic, JsonNode part, boolean key) throws Exception {
    if (part == null) {
      return null;
    }
    String format = part.get("format").asText();
    String message = part.path("message").asText();
    Object value = Natural.from(part.get("data"), format, part.path("schema").asText(), message);
    try (Serializer<Object> serializer = serializer(format)) {
      boolean register = part.path("register").asBoolean();
      Map<String, Object> settings = new HashMap<>(shared);
      settings.put(REGISTRY + "auto-register", register);
      settings.put(REGISTRY + "find-latest", !register);
      serializer.configure(settings, key);
      return serializer.serialize(topic, value);
    }
  }

  private ObjectNode read(JsonNode command) throws Exception {
    TopicPartition partition = new TopicPartition(command.get("topic").asText(), 0);
    ObjectNode answer = Natural.JSON.createObjectNode();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(shared, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seek(partition, command.get("offset").asLong());
      ConsumerRecord<byte[], byte[]> record = first(consumer);
      answer.set("key", natural(record, command.get("key"), true));
      answer.set("value", natural(record, command.get("value"), false));
    }
    return answer;
  }

  private static ConsumerRecord<byte[], byte[]> first(KafkaConsumer<byte[], byte[]> consumer) {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (System.nanoTime() < end) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        return record;
      }
    }
    throw new IllegalStateException("no record came");
  }

  private JsonNode natural(ConsumerRecord<byte[], byte[]> record, JsonNode part, boolean key) throws Exception {
    byte[] bytes = key ? record.key() : record.value();
    if (part == null || bytes == null) {
      return Natural.JSON.nullNode();
    }
    try (Deserializer<Object> deserializer = deserializer(part.get("format").asText())) {
      Map<String, Object> settings = new HashMap<>(shared);
      if (part.get("format").asText().equals("protobuf")) {
        Natural.Generated.is(part.get("schema").asText(), part.get("message").asText());
        settings.put(REGISTRY + "deserializer.value.return-class", Natural.Generated.class);
        settings.put(REGISTRY + "deserializer.key.return-class", Natural.Generated.class);
      }
      deserializer.configure(settings, key);
      return Natural.of(deserializer.deserialize(record.topic(), record.headers(), bytes));
    }
  }

  @SuppressWarnings("unchecked") // each is used with the values of its own format
  private static Serializer<Object> serializer(String format) {
    Serializer<?> found = switch (format) {
      case "avro" -> new AvroKafkaSerializer<>();
      case "protobuf" -> new ProtobufKafkaSerializer<>();
      case "json-schema" -> new JsonSchemaKafkaSerializer<>();
      case "string" -> new StringSerializer();
      default -> throw new IllegalArgumentException("no format `" + format + "`");
    };
    return (Serializer<Object>) found;
  }

  @SuppressWarnings("unchecked") // as above
  private static Deserializer<Object> deserializer(String format) {
    Deserializer<?> found = switch (format) {
      case "avro" -> new AvroKafkaDeserializer<>();
      case "protobuf" -> new ProtobufKafkaDeserializer<>();
      case "json-schema" -> new JsonSchemaKafkaDeserializer<>();
      case "string" -> new StringDeserializer();
      default -> throw new IllegalArgumentException("no format `" + format + "`");
    };
    return (Deserializer<Object>) found;
  }
}
