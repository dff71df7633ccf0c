package conformance;

import java.io.PrintStream;

/** Prints one JSON line for each check, and one at the end. */
final class Report {
    private final PrintStream out;
    private int checks;

    Report(PrintStream out) {
        this.out = out;
    }

    synchronized void passed(String check, long millis) {
        checks++;
        out.println("{\"check\": " + quote(check) + ", \"ok\": true, \"millis\": " + millis + "}");
    }

    synchronized void failed(String check, long millis, String detail) {
        checks++;
        out.println("{\"check\": " + quote(check) + ", \"ok\": false, \"millis\": " + millis + ", \"detail\": "
                + quote(detail) + "}");
    }

    synchronized void done(String version) {
        out.println("{\"done\": true, \"client\": \"kafka-clients\", \"version\": " + quote(version)
                + ", \"checks\": " + checks + "}");
    }

    /** Returns what was thrown, its causes, and the line of the check that it came from. */
    static String describe(Throwable failure) {
        StringBuilder text = new StringBuilder();
        for (Throwable one = failure; one != null; one = one.getCause()) {
            boolean expectation = one instanceof Expect.NotMet;
            text.append(text.isEmpty() ? "" : "; because of ")
                    .append(expectation ? one.getMessage() : one.toString());
        }
        for (StackTraceElement frame : failure.getStackTrace()) {
            boolean ours = frame.getClassName().startsWith("conformance.");
            if (ours && !frame.getClassName().equals(Expect.class.getName())) {
                return text + " at " + frame.getFileName() + ":" + frame.getLineNumber();
            }
        }
        return text.toString();
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ' || c > '~') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
