package io.testprobe;

/** No worker was registered for this test id, topic and role. */
public final class ActorNotRegisteredException extends UsageException {
  private static final long serialVersionUID = 1L;

  ActorNotRegisteredException(Errors.Facts facts) {
    super(facts);
  }
}
