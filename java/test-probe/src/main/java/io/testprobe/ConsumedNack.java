package io.testprobe;

/**
 * Why there is no consumed event to hand out.
 *
 * @param reason {@code not seen yet}, {@code seen but undecodable}, {@code seen but filtered out} or {@code worker
 *     failed}
 * @param error what went wrong, or null
 */
public record ConsumedNack(String reason, ProbeException error) implements ConsumedResult {
  @Override
  public boolean found() {
    return false;
  }
}
