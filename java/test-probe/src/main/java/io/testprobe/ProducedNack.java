package io.testprobe;

/**
 * Why an event was not acknowledged.
 *
 * @param error what Kafka, the schema or the clock said
 */
public record ProducedNack(ProbeException error) implements ProduceResult {
  @Override
  public boolean acknowledged() {
    return false;
  }
}
