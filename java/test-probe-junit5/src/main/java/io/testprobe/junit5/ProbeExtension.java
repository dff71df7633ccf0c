package io.testprobe.junit5;

import io.testprobe.Config;
import io.testprobe.Directives;
import io.testprobe.Probe;
import io.testprobe.ProbeFailure;
import io.testprobe.ProbeSession;
import java.nio.file.Files;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.MediaType;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives tests a {@link Probe} and a {@link ProbeSession} as parameters.
 *
 * <pre>
 * &#64;ExtendWith(ProbeExtension.class)
 * class OrdersTest {
 *   &#64;Test
 *   &#64;ProbeTopics("topics.yaml")
 *   void an_order_is_confirmed(ProbeSession session) { ... }
 * }</pre>
 *
 * <p>By {@code @ExtendWith} all tests of a run share one probe, which {@link Probe#forTestRun()} opens when the first
 * of them asks and which is closed after the last: as {@code -Dtest-probe.config}, a file or the environment says, else
 * on a Kafka in this process. By {@code @RegisterExtension} and {@link #builder()} a class has a probe of its own, or
 * each test where the field is not static.
 *
 * <p>A session is that of one test: opened when it, its constructor or a method before it takes one, with the topics of
 * {@link ProbeTopics}, and closed after the methods behind it. A failure to close fails the test. When a verdict fails
 * a test, its explanation is published as the file {@code test-probe.json}.
 */
public final class ProbeExtension implements BeforeAllCallback, AfterEachCallback, ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(ProbeExtension.class);

  /** Opens a probe of the extension's own; null for that of the run. */
  private final Supplier<Probe> own;

  /** Makes an extension whose tests share the probe of the run. */
  public ProbeExtension() {
    this(null);
  }

  private ProbeExtension(Supplier<Probe> own) {
    this.own = own;
  }

  /** Returns a builder of an extension with a probe of its own. */
  public static Builder builder() {
    return new Builder();
  }

  /** Says what the probe of an extension is. Without more it is that of {@link Probe#forTestRun()}. */
  public static final class Builder {
    private Supplier<Probe> opening = Probe::forTestRun;

    private Builder() {}

    /** Sets the configuration. */
    public Builder config(Config config) {
      opening = () -> Probe.open(config);
      return this;
    }

    /** Takes a Kafka in this process. */
    public Builder embedded() {
      opening = Probe::embedded;
      return this;
    }

    /** Takes a Kafka of several brokers in this process. */
    public Builder embedded(int brokers) {
      opening = () -> Probe.embedded(brokers);
      return this;
    }

    /** Returns the extension; it opens its probe when a test first asks. */
    public ProbeExtension build() {
      return new ProbeExtension(opening);
    }
  }

  @Override
  public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext root) {
    // So that a constructor may take the session of its test.
    return ExtensionContextScope.TEST_METHOD;
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    probe(context);
  }

  /** Returns the probe of the run, else the extension's own, which is closed with the class or test that came first. */
  private Lazy<?> probe(ExtensionContext context) {
    Store store = own == null ? context.getRoot().getStore(NAMESPACE) : context.getStore(NAMESPACE);
    Supplier<Probe> opening = own == null ? Probe::forTestRun : own;
    return store.getOrComputeIfAbsent(
        own == null ? Probe.class : this, absent -> new Lazy<>(opening, Probe::close), Lazy.class);
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == Probe.class || type == ProbeSession.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    if (parameter.getParameter().getType() == Probe.class) {
      return probe(context).get();
    }
    if (context.getTestMethod().isEmpty()) {
      throw new ParameterResolutionException(
          "a `ProbeSession` belongs to one test and cannot be shared by several; take a `Probe` here");
    }
    return context.getStore(NAMESPACE).getOrComputeIfAbsent(
        ProbeSession.class, absent -> new Lazy<>(() -> open(context), ProbeSession::close), Lazy.class).get();
  }

  private ProbeSession open(ExtensionContext context) {
    Optional<ProbeTopics> topics = TopicsOf.test(context);
    Directives directives = topics.map(said -> TopicsOf.read(said.value(), context.getRequiredTestClass()))
        .orElseGet(Directives::of);
    String testId = topics.map(ProbeTopics::testId).filter(id -> !id.isEmpty()).orElse(null);
    return ((Probe) probe(context).get()).openSession(directives, testId);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    try (Lazy<?> session = context.getStore(NAMESPACE).remove(ProbeSession.class, Lazy.class)) {
      context.getExecutionException().ifPresent(failure -> publish(failure, context));
    }
  }

  private static void publish(Throwable failure, ExtensionContext context) {
    Throwable cause = failure;
    while (cause != null && !(cause instanceof ProbeFailure)) {
      cause = cause.getCause();
    }
    if (cause instanceof ProbeFailure explained) {
      context.publishReportEntry("test-probe", explained.code().name());
      context.publishFile("test-probe.json", MediaType.APPLICATION_JSON,
          file -> Files.writeString(file, explained.toJson()));
    }
  }
}
