package io.testprobe;

/**
 * The natives of the library {@code test_probe_jvm}. Texts and documents cross as UTF-8, what may be absent as null.
 *
 * <p>Only {@link #drain}, {@link #close} and {@link #embeddedControl} wait, for a bounded time. Each throws what {@link #failure} makes of
 * the engine's error; a panic behind it is the code {@code PANIC}.
 */
final class Native {
  /** The shape of the natives that these classes are written for. */
  static final int ABI = 2;

  private Native() {}

  /** Returns {@code {"abi", "version", "debug", "codes"}}. */
  static native byte[] about();

  /** Starts an engine and returns the handle of a probe; {@code explicit} goes over the environment. */
  static native long open(byte[] explicit, byte[] file);

  /** Returns where the clusters of a probe are. */
  static native byte[] info(long probe);

  /** Closes a probe; NaN for the configured time. */
  static native void close(long probe, double timeoutMillis);

  /** Forgets the handle of a probe or of a session. */
  static native void release(long handle);

  /** Starts to open a session and returns the operation. */
  static native long openSession(long probe, byte[] opening);

  /** Starts a verb, whose completion goes to the probe's queue, and returns the operation. */
  static native long run(long probe, long session, byte[] call, byte[] key, byte[] value, byte[] headers);

  /** Cancels an operation; it completes with CANCELLED. Returns whether it was running. */
  static native boolean cancel(long probe, long operation);

  /** Waits a bounded time and returns what ended, possibly nothing; null when nothing more will come. */
  static native byte[] drain(long probe);

  /** Returns directives with all that they leave out, or throws every problem at once. */
  static native byte[] validate(byte[] opening);

  /**
   * Returns a configuration without its secrets, or throws every problem at once. {@code file} is a text in place of the
   * one at {@code path}, {@code variables} a JSON object in place of the environment.
   */
  static native byte[] validateConfig(byte[] explicit, byte[] path, byte[] file, byte[] variables);

  /** Has a cluster of this process do what a command says, and returns its answer. */
  static native byte[] embeddedControl(long probe, byte[] cluster, byte[] command);

  /** Returns whether a file or a variable of this process says anything of the configuration. */
  static native boolean isConfigured();

  /** Returns the document of what people wrote in a step. */
  static native byte[] words(byte[] words);

  /** Makes a probe the one that the static DSL means. */
  static native void registerSystem(long probe);

  /** Returns a handle on the session of a test id that can take a role on a topic. */
  static native long findSession(byte[] testId, byte[] topic, boolean producing);

  /** Has the pure parts of the engine judge given data, for tests; returns what a verb's outcome crosses as. */
  static native byte[] trial(byte[] trial, byte[] key, byte[] value, byte[] headers);

  /** Makes the next call of a native panic, for tests; UNSUPPORTED in a release build. */
  static native void injectPanic(byte[] nativeName);

  /** Called by the natives: returns what they throw. */
  static Throwable failure(byte[] document) {
    return Errors.fromDocument(Json.read(document));
  }
}
