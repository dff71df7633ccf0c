import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.apicurio.registry.utils.protobuf.schema.FileDescriptorUtils;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.io.JsonEncoder;

/**
 * The classes of each format to and from JSON: Avro's and Protobuf's own JSON encodings, and JSON as it is.
 */
final class Natural {
  static final ObjectMapper JSON = new ObjectMapper();

  private Natural() {}

  /**
   * Returns a value of the class that the serializer of a format takes.
   *
   * @param message the full name of the message, for Protobuf
   */
  static Object from(JsonNode value, String format, String schema, String message) throws Exception {
    return switch (format) {
      case "avro" -> avro(value, new Schema.Parser().parse(schema));
      case "protobuf" -> protobuf(value, schema, message);
      case "json-schema" -> value;
      case "string" -> value.asText();
      default -> throw new IllegalArgumentException("no format `" + format + "`");
    };
  }

  /** Returns what a deserializer gave as JSON. */
  static JsonNode of(Object value) throws IOException {
    if (value instanceof GenericRecord found) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      JsonEncoder encoder = EncoderFactory.get().jsonEncoder(found.getSchema(), out);
      new GenericDatumWriter<GenericRecord>(found.getSchema()).write(found, encoder);
      encoder.flush();
      return JSON.readTree(out.toByteArray());
    }
    if (value instanceof Message found) {
      return JSON.readTree(JsonFormat.printer().print(found));
    }
    return JSON.valueToTree(value);
  }

  private static Object avro(JsonNode value, Schema schema) throws IOException {
    return new GenericDatumReader<>(schema).read(null, DecoderFactory.get().jsonDecoder(schema, value.toString()));
  }

  private static Message protobuf(JsonNode value, String schema, String message) throws Exception {
    DynamicMessage.Builder builder = DynamicMessage.newBuilder(type(schema, message));
    JsonFormat.parser().merge(value.toString(), builder);
    return builder.build();
  }

  private static Descriptor type(String schema, String message) throws Exception {
    int dot = message.lastIndexOf('.');
    String in = message.substring(0, Math.max(dot, 0));
    FileDescriptor file = FileDescriptorUtils.protoFileToFileDescriptor(schema, "default.proto", Optional.of(in));
    return file.findMessageTypeByName(message.substring(dot + 1));
  }

  /**
   * Stands for the class that protoc would generate: the deserializer looks up its {@code parseFrom} by name, and takes
   * the type of the message from nowhere else.
   */
  public static final class Generated {
    private static volatile Descriptor type;

    private Generated() {}

    /** Says which message the class is. */
    static void is(String schema, String message) throws Exception {
      type = Natural.type(schema, message);
    }

    /**
     * Reads a message.
     *
     * @param in its bytes, without what comes before them on the wire
     * @return the message
     * @throws IOException when the bytes are no such message
     */
    public static DynamicMessage parseFrom(InputStream in) throws IOException {
      return DynamicMessage.parseFrom(type, in);
    }
  }
}
