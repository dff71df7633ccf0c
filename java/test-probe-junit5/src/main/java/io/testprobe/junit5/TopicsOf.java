package io.testprobe.junit5;

import io.testprobe.Directives;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** Finds what {@link ProbeTopics} says of a test. */
final class TopicsOf {
  private TopicsOf() {}

  /** Returns the annotation that is nearest to the test. */
  static Optional<ProbeTopics> test(ExtensionContext context) {
    Optional<ExtensionContext> around = Optional.of(context);
    while (around.isPresent()) {
      Optional<ProbeTopics> found = AnnotationSupport.findAnnotation(around.get().getElement(), ProbeTopics.class);
      if (found.isPresent()) {
        return found;
      }
      around = around.get().getParent();
    }
    return Optional.empty();
  }

  /** Reads directives for a test class. */
  static Directives read(String value, Class<?> testClass) {
    if (value.indexOf('\n') >= 0) {
      return Directives.fromString(value);
    }
    Path file = Path.of(value);
    if (Files.exists(file)) {
      return Directives.fromYaml(file);
    }
    try (InputStream content = resource(value, testClass)) {
      if (content == null) {
        throw new ExtensionConfigurationException("`" + value + "` of @ProbeTopics was neither a file of `"
            + Path.of("").toAbsolutePath() + "` nor on the class path, beside `" + testClass.getName()
            + "` or at the root");
      }
      return Directives.fromString(new String(content.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static InputStream resource(String name, Class<?> testClass) {
    InputStream beside = testClass.getResourceAsStream(name);
    return beside != null || name.startsWith("/") ? beside : testClass.getResourceAsStream("/" + name);
  }
}
