package io.testprobe.junit5;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder.request;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.reporting.FileEntry;
import org.junit.platform.engine.reporting.ReportEntry;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs tests that are to fail, and tells how they ended, by the names of methods and classes. */
final class Launched implements TestExecutionListener {
  private final Map<String, Throwable> errors = new ConcurrentHashMap<>();
  private final Map<String, Map<String, String>> entries = new ConcurrentHashMap<>();
  private final Map<String, Path> files = new ConcurrentHashMap<>();

  private Launched() {}

  static Launched run(Path folder, Class<?> tests) {
    Launched launched = new Launched();
    LauncherFactory.create().execute(request().selectors(selectClass(tests))
        .configurationParameter("junit.platform.reporting.output.dir", folder.toString()).build(), launched);
    return launched;
  }

  Throwable error(String name) {
    return errors.get(name);
  }

  Map<String, String> entries(String name) {
    return entries.getOrDefault(name, Map.of());
  }

  String file(String name, String file) {
    try {
      return Files.readString(files.get(name + "/" + file));
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static String name(TestIdentifier test) {
    TestSource source = test.getSource().orElse(null);
    return source instanceof MethodSource method ? method.getMethodName()
        : source instanceof ClassSource tests ? tests.getJavaClass().getSimpleName()
        : test.getDisplayName();
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    result.getThrowable().ifPresent(error -> errors.put(name(test), error));
  }

  @Override
  public void reportingEntryPublished(TestIdentifier test, ReportEntry entry) {
    entries.put(name(test), entry.getKeyValuePairs());
  }

  @Override
  public void fileEntryPublished(TestIdentifier test, FileEntry file) {
    files.put(name(test) + "/" + file.getPath().getFileName(), file.getPath());
  }
}
