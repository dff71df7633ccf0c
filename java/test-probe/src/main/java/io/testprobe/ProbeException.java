package io.testprobe;

import java.util.Map;

/**
 * What every error of the engine is, but a failed expectation. Of this class itself are those that are ours, 9xxx:
 * please report.
 */
public non-sealed class ProbeException extends RuntimeException implements ProbeFailure {
  private static final long serialVersionUID = 1L;

  private final Errors.Facts facts;

  ProbeException(Errors.Facts facts) {
    super(facts.text());
    this.facts = facts;
  }

  @Override
  public ErrorCode code() {
    return facts.code();
  }

  @Override
  public String explanation() {
    return facts.message();
  }

  @Override
  public String hint() {
    return facts.hint();
  }

  @Override
  public Map<String, Object> context() {
    return facts.readable();
  }
}
