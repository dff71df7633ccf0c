package io.testprobe;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * Brings what ended in the engine to whoever waits for it: one daemon thread for each probe drains the engine's queue,
 * a batch in one crossing.
 *
 * <p>That thread runs nothing of a caller's. Futures are completed on a pool of daemon threads, so that what a caller
 * chains to them may block; the pool makes up for threads that wait in it for another future.
 */
final class Completions implements Runnable {
  /** A close has nothing to wait for; this is only the second line. */
  private static final long CLOSING_SECONDS = 30;

  /** How long a failed drain waits before the next; doubled while failures follow each other. */
  private static final long FIRST_PAUSE_MILLIS = 10;

  private static final long LONGEST_PAUSE_MILLIS = 1_000;

  private final long probe;
  private final ConcurrentHashMap<Long, CompletableFuture<Completion>> waiting = new ConcurrentHashMap<>();
  private final ForkJoinPool pool;
  private final Executor executor = this::execute;
  private volatile boolean ended;
  /** How many drains failed one after the other, and whether one was said; the draining thread's own. */
  private int failures;
  private boolean said;

  private Completions(long probe) {
    this.probe = probe;
    int threads = Math.max(2, Runtime.getRuntime().availableProcessors());
    this.pool = new ForkJoinPool(threads, ForkJoinPool.defaultForkJoinWorkerThreadFactory, null, true);
  }

  /** Starts to drain the queue of a probe, until nothing more will come. */
  static Completions start(long probe) {
    Completions completions = new Completions(probe);
    Thread thread = new Thread(completions, "test-probe-completions");
    thread.setDaemon(true);
    thread.start();
    return completions;
  }

  /** Starts an operation. */
  interface Start {
    /** Returns the operation's number. */
    long start();
  }

  /** Waits for an operation. An interrupt cancels it, stays set, and is CANCELLED. */
  <T> T await(Start start, Function<Completion, T> read) {
    long operation = start.start();
    CompletableFuture<Completion> completion = register(operation);
    try {
      return read.apply(completion.get());
    } catch (InterruptedException interrupt) {
      cancel(operation);
      completion.thenAccept(Completion::discard);
      Thread.currentThread().interrupt();
      throw Errors.lifecycle(ErrorCode.CANCELLED, "the thread was interrupted while it waited");
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Waits for an operation that takes no time, whatever interrupts. */
  <T> T awaitClose(Start start, Function<Completion, T> read) {
    CompletableFuture<Completion> completion = register(start.start());
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return read.apply(completion.get(CLOSING_SECONDS, TimeUnit.SECONDS));
        } catch (InterruptedException interrupt) {
          interrupted = true;
        } catch (TimeoutException late) {
          throw Errors.lifecycle(ErrorCode.TIMED_OUT, "the close did not end within " + CLOSING_SECONDS + " s");
        } catch (ExecutionException impossible) {
          throw new IllegalStateException(impossible);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Returns the future of an operation; whoever completes it earlier, by cancelling it too, cancels the operation. */
  <T> CompletableFuture<T> submit(Start start, Function<Completion, T> read) {
    long operation;
    try {
      operation = start.start();
    } catch (ProbeException | ExpectationFailed refused) {
      return CompletableFuture.failedFuture(refused);
    }
    CompletableFuture<T> future = new CompletableFuture<>();
    CompletableFuture<Completion> completion = register(operation);
    future.whenComplete((value, error) -> {
      if (!completion.isDone()) {
        cancel(operation);
      }
    });
    completion.thenAcceptAsync(ended -> complete(future, ended, read), executor);
    return future;
  }

  private static <T> void complete(CompletableFuture<T> future, Completion ended, Function<Completion, T> read) {
    if (future.isDone()) {
      ended.discard();
      return;
    }
    T value;
    try {
      value = read.apply(ended);
    } catch (Throwable error) {
      future.completeExceptionally(error);
      return;
    }
    if (!future.complete(value) && value instanceof ProbeSession session) {
      session.closeQuietly();
    }
  }

  /** Whoever comes second, this or the draining thread, finds what the first one left. */
  private CompletableFuture<Completion> register(long operation) {
    CompletableFuture<Completion> mine = new CompletableFuture<>();
    CompletableFuture<Completion> drained = waiting.putIfAbsent(operation, mine);
    if (drained != null) {
      waiting.remove(operation);
      return drained;
    }
    if (ended && waiting.remove(operation, mine)) {
      mine.complete(Completion.shutDown());
    }
    return mine;
  }

  private void deliver(long operation, Completion completion) {
    CompletableFuture<Completion> mine = CompletableFuture.completedFuture(completion);
    CompletableFuture<Completion> registered = waiting.putIfAbsent(operation, mine);
    if (registered != null) {
      waiting.remove(operation);
      registered.complete(completion);
    }
  }

  private void cancel(long operation) {
    try {
      Native.cancel(probe, operation);
    } catch (ProbeException gone) {
      Leaks.LOG.log(System.Logger.Level.DEBUG, "an operation was not cancelled", gone);
    }
  }

  @Override
  public void run() {
    try {
      while (drain()) {
        // Each turn waits in the engine.
      }
    } finally {
      ended = true;
      for (Long operation : waiting.keySet()) {
        CompletableFuture<Completion> left = waiting.remove(operation);
        if (left != null) {
          left.complete(Completion.shutDown());
        }
      }
      pool.shutdown();
    }
  }

  /** Returns whether more may come. What goes wrong loses nothing: the engine keeps what it could not hand over. */
  private boolean drain() {
    try {
      byte[] batch = Native.drain(probe);
      if (batch == null) {
        return false;
      }
      ByteBuffer frame = ByteBuffer.wrap(batch);
      while (frame.hasRemaining()) {
        deliver(frame.getLong(), Completion.read(frame));
      }
      failures = 0;
    } catch (Throwable error) {
      failed(error);
    }
    return true;
  }

  /** Says the first failure, and waits longer after each of a row. */
  private void failed(Throwable error) {
    failures++;
    if (!said) {
      said = true;
      Leaks.LOG.log(System.Logger.Level.ERROR, "completions were late; said once for this probe", error);
    }
    long pause = FIRST_PAUSE_MILLIS << Math.min(failures - 1, 7);
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(Math.min(pause, LONGEST_PAUSE_MILLIS)));
  }

  private void execute(Runnable task) {
    try {
      pool.execute(task);
    } catch (RejectedExecutionException closed) {
      task.run();
    }
  }

  /** Returns how many operations have not been handed over, for tests. */
  int waiting() {
    return waiting.size();
  }
}
