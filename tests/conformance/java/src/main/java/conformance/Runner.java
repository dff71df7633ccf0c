package conformance;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Runs checks side by side, each in a thread of its own with a deadline of its own. */
final class Runner {
    private static final int SIDE_BY_SIDE = 6;
    private static final Duration DEADLINE = Duration.ofSeconds(15);
    private static final Duration GRACE = Duration.ofSeconds(1);

    private final Target target;
    private final Report report;

    Runner(Target target, Report report) {
        this.target = target;
        this.report = report;
    }

    void runAll(List<Check> checks) throws InterruptedException {
        ConcurrentLinkedQueue<Check> left = new ConcurrentLinkedQueue<>(checks);
        Thread[] workers = new Thread[SIDE_BY_SIDE];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Thread(() -> work(left), "worker-" + i);
            workers[i].start();
        }
        for (Thread worker : workers) {
            worker.join();
        }
    }

    private void work(ConcurrentLinkedQueue<Check> left) {
        for (Check check = left.poll(); check != null; check = left.poll()) {
            try {
                runWithDeadline(check);
            } catch (InterruptedException nobodyInterruptsWorkers) {
                throw new IllegalStateException(nobodyInterruptsWorkers);
            }
        }
    }

    private void runWithDeadline(Check check) throws InterruptedException {
        Attempt attempt = new Attempt(check);
        Thread thread = new Thread(attempt, check.name());
        thread.setDaemon(true);
        thread.start();
        thread.join(DEADLINE.toMillis());
        if (attempt.settle()) {
            report.failed(check.name(), attempt.millis(), late(thread));
            thread.interrupt();
            thread.join(GRACE.toMillis());
        }
    }

    private static String late(Thread thread) {
        for (StackTraceElement frame : thread.getStackTrace()) {
            if (frame.getClassName().startsWith("conformance.")) {
                return "it was not over after " + DEADLINE.toSeconds() + " s, at " + frame;
            }
        }
        return "it was not over after " + DEADLINE.toSeconds() + " s";
    }

    /** One run of a check; whoever settles it first, the check or its deadline, reports. */
    private final class Attempt implements Runnable {
        private final Check check;
        private final long start = System.nanoTime();
        private boolean settled;

        Attempt(Check check) {
            this.check = check;
        }

        /** Returns whether the caller is the first to settle. */
        synchronized boolean settle() {
            boolean first = !settled;
            settled = true;
            return first;
        }

        long millis() {
            return (System.nanoTime() - start) / 1_000_000;
        }

        @Override
        public void run() {
            try (Scope scope = new Scope(target)) {
                Throwable failure = outcome(scope);
                long millis = millis();
                if (!settle()) {
                    return;
                }
                if (failure == null) {
                    report.passed(check.name(), millis);
                } else {
                    report.failed(check.name(), millis, Report.describe(failure));
                }
            }
        }

        private Throwable outcome(Scope scope) {
            try {
                check.run(scope);
                return null;
            } catch (Throwable failure) {
                return failure;
            }
        }
    }
}
