package io.testprobe;

/** 5xxx: the call ended because something was closed, cancelled, full or late. */
public final class LifecycleException extends ProbeException {
  private static final long serialVersionUID = 1L;

  LifecycleException(Errors.Facts facts) {
    super(facts);
  }
}
