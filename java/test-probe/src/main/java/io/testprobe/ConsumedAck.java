package io.testprobe;

/**
 * A consumed event that was asked for by its id.
 *
 * @param event the first one in the order of the journal
 */
public record ConsumedAck(ReceivedEvent event) implements ConsumedResult {
  @Override
  public boolean found() {
    return true;
  }
}
