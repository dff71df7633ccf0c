package io.testprobe.junit5;

import java.util.function.Consumer;
import java.util.function.Supplier;

/** What is opened when first asked for, and closed once; a store of JUnit may keep it before that. */
final class Lazy<T> implements AutoCloseable {
  private final Supplier<T> open;
  private final Consumer<T> close;
  private T opened;

  Lazy(Supplier<T> open, Consumer<T> close) {
    this.open = open;
    this.close = close;
  }

  /** Returns it, open. */
  synchronized T get() {
    if (opened == null) {
      opened = open.get();
    }
    return opened;
  }

  @Override
  public synchronized void close() {
    if (opened != null) {
      close.accept(opened);
    }
  }
}
