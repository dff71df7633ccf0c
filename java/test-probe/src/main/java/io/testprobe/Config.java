package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Map;

/**
 * Configuration, over that of the environment. Each method returns a copy.
 *
 * <p>Low to high: what is built in, the file, the environment, what is set here.
 */
public final class Config {
  /** The system property that names the configuration file of a test run; see {@link Probe#forTestRun()}. */
  public static final String FILE_PROPERTY = "test-probe.config";

  private final String file;
  private final String text;
  private final ObjectNode sections;

  private Config(String file, String text, ObjectNode sections) {
    this.file = file;
    this.text = text;
    this.sections = sections;
  }

  /** Returns the configuration of the file {@code test-probe.yaml}, where there is one, and of the environment. */
  public static Config fromEnvironment() {
    return new Config(null, null, Json.object());
  }

  /** Returns the configuration of this file and of the environment. */
  public static Config fromFile(Path file) {
    return new Config(Errors.required(file, "file").toString(), null, Json.object());
  }

  /** Returns the configuration of a YAML text, over that of the environment. */
  public static Config fromString(String yaml) {
    return new Config(null, Errors.required(yaml, "yaml"), null);
  }

  /** Returns the configuration of sections as those of the file, over that of the environment. */
  public static Config fromMap(Map<String, ?> sections) {
    if (!(Json.of(Errors.required(sections, "sections"), "the configuration") instanceof ObjectNode object)) {
      throw Errors.invalidArgument("the configuration was no map");
    }
    return new Config(null, null, object);
  }

  /** Sets the servers of the default cluster. Not for a configuration from a text, which says it itself. */
  public Config bootstrapServers(String servers) {
    return kafka("bootstrap-servers", servers);
  }

  /** Sets the schema registry of the default cluster. Not for a configuration from a text, which says it itself. */
  public Config schemaRegistryUrl(String url) {
    return kafka("schema-registry-url", url);
  }

  private Config kafka(String key, String value) {
    if (sections == null) {
      throw Errors.usage(ErrorCode.INVALID_ARGUMENT, "`" + key + "` was set on a configuration from a text",
          "say it in the text");
    }
    ObjectNode copy = sections.deepCopy();
    copy.withObjectProperty("kafka").put(key, Errors.required(value, key));
    return new Config(file, null, copy);
  }

  /** Returns the configuration of a cluster in this process; null leaves the number of brokers to the engine. */
  static Config embedded(Integer brokers) {
    ObjectNode sections = Json.object();
    ObjectNode embedded = sections.putObject("kafka").putObject("embedded");
    if (brokers != null) {
      embedded.put("brokers", brokers);
    }
    return new Config(null, null, sections);
  }

  /**
   * Returns what the configuration comes to, by its keys and with all that it leaves out; what may hold a secret is
   * {@code ***}. Throws every problem at once, with file or variable, line, column and hint; nothing is opened.
   */
  public Map<String, Object> validate() {
    return Json.plainMap(validated(null, null));
  }

  /** As {@link #validate()}, with these variables in place of those of the process. */
  public Map<String, Object> validate(Map<String, String> variables) {
    return Json.plainMap(validated(null, Json.of(Errors.required(variables, "variables"), "the variables")));
  }

  /** Reads the configuration with a text in place of the file and with other variables; null for neither. */
  JsonNode validated(String fileText, JsonNode variables) {
    NativeLibrary.load();
    byte[] environment = variables == null ? null : Json.bytes(variables);
    return Json.read(Native.validateConfig(explicit(), file(), Json.utf8(fileText), environment));
  }

  byte[] explicit() {
    if (sections == null) {
      return Json.utf8(text);
    }
    return sections.isEmpty() ? null : Json.bytes(sections);
  }

  byte[] file() {
    return Json.utf8(file);
  }
}
