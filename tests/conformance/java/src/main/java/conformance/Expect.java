package conformance;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.common.errors.ApiException;

/** What checks say they expect; everything that is not so ends the check with what came instead. */
final class Expect {
    static final Duration PATIENCE = Duration.ofSeconds(12);
    private static final long LOOK_AGAIN_MILLIS = 20;

    private Expect() {}

    /** An expectation that was not met. */
    static final class NotMet extends AssertionError {
        private static final long serialVersionUID = 1L;

        NotMet(String message, Throwable cause) {
            super(message, cause);
        }
    }

    interface Call {
        void run() throws Exception;
    }

    static void same(String what, Object expected, Object actual) {
        if (!Objects.equals(expected, actual)) {
            throw new NotMet(what + ": expected `" + expected + "`, came `" + actual + "`", null);
        }
    }

    static void holds(String what, boolean condition) {
        if (!condition) {
            throw new NotMet("did not hold: " + what, null);
        }
    }

    /** Returns what a future of a client brought, or throws the client's own exception. */
    static <T> T get(Future<T> future) throws Exception {
        try {
            return future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException wrapped) {
            throw wrapped.getCause() instanceof Exception cause ? cause : wrapped;
        }
    }

    /** Fails unless exactly this class is thrown: a subclass or a parent is another error code. */
    static <X extends Exception> X fails(Class<X> kind, Call call) {
        try {
            call.run();
        } catch (Exception thrown) {
            if (thrown.getClass() == kind) {
                return kind.cast(thrown);
            }
            throw new NotMet("expected `" + kind.getSimpleName() + "`", thrown);
        }
        throw new NotMet("expected `" + kind.getSimpleName() + "`, nothing was thrown", null);
    }

    static <X extends Exception> X fails(Class<X> kind, Future<?> future) {
        return fails(kind, () -> get(future));
    }

    /** Looks again until the value is as expected; errors of the broker count as not yet. */
    static void becomes(String what, Object expected, Callable<?> look) throws Exception {
        eventually(what + " to be `" + expected + "`", look, value -> Objects.equals(expected, value));
    }

    static <T> T eventually(String what, Callable<? extends T> look, Predicate<? super T> good) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            T value = null;
            ApiException error = null;
            try {
                value = look.call();
                if (good.test(value)) {
                    return value;
                }
            } catch (ApiException notYet) {
                error = notYet;
            }
            if (System.nanoTime() > end) {
                throw new NotMet("awaited " + what + ", last came `" + value + "`", error);
            }
            Thread.sleep(LOOK_AGAIN_MILLIS);
        }
    }
}
