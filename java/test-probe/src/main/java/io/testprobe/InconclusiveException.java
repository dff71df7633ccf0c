package io.testprobe;

/** 25xx: the engine cannot know. Never a pass, and no failure of the system under test. */
public final class InconclusiveException extends ProbeException {
  private static final long serialVersionUID = 1L;

  InconclusiveException(Errors.Facts facts) {
    super(facts);
  }
}
