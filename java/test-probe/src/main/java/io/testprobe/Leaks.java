package io.testprobe;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Lets go of handles whose objects are gone, and says so when nobody closed them.
 *
 * <p>It says it to {@link System.Logger}: no dependency, and whoever uses SLF4J or Log4j has a provider that takes it
 * there.
 */
final class Leaks {
  static final System.Logger LOG = System.getLogger("io.testprobe");

  private static final Cleaner CLEANER = Cleaner.create();

  private Leaks() {}

  /** What is known of an object when it is gone. It must not refer to the object. */
  static final class Watch implements Runnable {
    private final String what;
    private final long handle;
    private final BooleanSupplier isMoot;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Throwable openedAt = new Throwable("it was opened here");

    private Watch(String what, long handle, BooleanSupplier isMoot) {
      this.what = what;
      this.handle = handle;
      this.isMoot = isMoot;
    }

    /** Notes that it was closed; returns whether this was the first time. */
    boolean close() {
      return closed.compareAndSet(false, true);
    }

    boolean isClosed() {
      return closed.get();
    }

    @Override
    public void run() {
      if (!closed.get() && !isMoot.getAsBoolean()) {
        LOG.log(System.Logger.Level.WARNING, what + " was never closed; close it, or use try-with-resources", openedAt);
      }
      try {
        Native.release(handle);
      } catch (ProbeException gone) {
        LOG.log(System.Logger.Level.DEBUG, what + " could not be released", gone);
      }
    }
  }

  /** Watches an object until it is gone; {@code isMoot} says whether something else closed it. */
  static Watch watch(Object object, String what, long handle, BooleanSupplier isMoot) {
    Watch watch = new Watch(what, handle, isMoot);
    CLEANER.register(object, watch);
    return watch;
  }
}
