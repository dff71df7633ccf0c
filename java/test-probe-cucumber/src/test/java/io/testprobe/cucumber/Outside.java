package io.testprobe.cucumber;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.testprobe.ProbeFailure;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** The outside parties of one scenario: the program {@code tests/features/outside.py}, which does them all. */
final class Outside implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long SECONDS_TO_END = 20;

  private final Process process;
  private final BufferedReader answers;
  private final Writer requests;

  Outside() {
    String python = System.getenv().getOrDefault("TEST_PROBE_PYTHON", "python3");
    try {
      process = new ProcessBuilder(python, "tests/features/outside.py").directory(Support.ROOT.toFile())
          .redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    answers = process.inputReader(StandardCharsets.UTF_8);
    requests = process.outputWriter(StandardCharsets.UTF_8);
  }

  /** Lets a step be done; fails where it could not. */
  void run(String step, Object[] arguments, String docString, ProbeWorld world) {
    ObjectNode request = JSON.createObjectNode().put("step", step).put("docString", docString)
        .put("bootstrapServers", world.bootstrapServers())
        .put("testId", world.hasSession() ? world.session().testId() : null);
    request.set("arguments", JSON.valueToTree(arguments));
    ProbeFailure failure = world.kept().taken();
    if (failure != null) {
      request.putObject("failure").put("code", failure.code().name()).put("message", failure.explanation());
    }
    try {
      requests.write(request + "\n");
      requests.flush();
      String answer = answers.readLine();
      if (answer == null) {
        throw new AssertionError("outside.py ended in the step `" + step + "`");
      }
      JsonNode error = JSON.readTree(answer).path("error");
      if (!error.isMissingNode()) {
        throw new AssertionError(error.asText());
      }
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    requests.close();
    if (!process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("outside.py did not end");
    }
  }
}
