package io.testprobe;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * 2xxx: the system under test provably did not do what was expected. An assertion, so that the test counts as failed.
 * Its message explains: what was expected, the funnel of what was seen, the nearest misses, the proof.
 */
public final class ExpectationFailed extends AssertionError implements ProbeFailure {
  private static final long serialVersionUID = 1L;

  private final Errors.Facts facts;

  ExpectationFailed(Errors.Facts facts) {
    super(facts.text());
    this.facts = facts;
  }

  /** Returns an EXPECTATION_TIMEOUT of a library on top of this one, as one for steps. */
  public static ExpectationFailed timeout(String message) {
    return new ExpectationFailed(
        new Errors.Facts(ErrorCode.EXPECTATION_TIMEOUT, message, null, new LinkedHashMap<>()));
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
