package io.testprobe.cucumber;

import io.testprobe.ErrorCode;
import io.testprobe.InconclusiveException;
import io.testprobe.ProbeFailure;
import io.testprobe.ProduceResult;
import io.testprobe.ProducedNack;
import io.testprobe.UsageException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What steps leave for later ones: how the last produce step ended, and a verdict that is not known. What no step takes
 * is raised as it is, with a note in its stack trace of the step that it is from.
 */
final class Kept {
  private List<ProduceResult> outcomes;
  private boolean refusalIsOpen;
  private String producedBy;
  private ProbeFailure failure;
  private String failedStep;
  private ProbeFailure taken;
  private boolean keepsAll;

  /** Keeps failures of every kind from here on, for features that look at them. */
  void keepAll() {
    keepsAll = true;
  }

  /** Keeps what a step ended in for the next one; returns whether it is of the kind that is kept. */
  boolean keep(Throwable ended, String step) {
    if (ended instanceof InconclusiveException || keepsAll && ended instanceof ProbeFailure) {
      failure = (ProbeFailure) ended;
      failedStep = step;
      return true;
    }
    return false;
  }

  /** Takes what the step before left; null where it left nothing. */
  ProbeFailure take() {
    if (failure != null) {
      taken = failure;
      failure = null;
      return taken;
    }
    return null;
  }

  /** Takes the inconclusive verdict that the step before left; fails where it left none. */
  void takeInconclusive() {
    if (!(failure instanceof InconclusiveException)) {
      raiseFailure();
      throw new AssertionError("no expectation before was inconclusive");
    }
    take();
  }

  /** Returns what was taken last, or null. */
  ProbeFailure taken() {
    return taken;
  }

  /** Raises what a step left and none took. */
  void raiseFailure() {
    ProbeFailure raised = failure;
    failure = null;
    raise((Throwable) raised, failedStep);
  }

  /** Keeps how the events of a produce step ended. */
  void keep(List<ProduceResult> ended, String step) {
    outcomes = ended;
    refusalIsOpen = !refusals().isEmpty();
    producedBy = step;
  }

  /** Takes the outcomes, and fails unless all were acknowledged. */
  void takeAcknowledged() {
    List<ProducedNack> refusals = takeRefusals();
    if (!refusals.isEmpty()) {
      throw refusals.get(0).error();
    }
  }

  /** Takes the outcomes, and fails unless one was refused with this code. */
  void takeRefused(String code) {
    ErrorCode wanted = code(code);
    List<ProducedNack> refusals = takeRefusals();
    if (refusals.isEmpty()) {
      throw new AssertionError("the event was acknowledged, not refused with `" + wanted + "`");
    }
    if (refusals.stream().noneMatch(refusal -> refusal.error().code() == wanted)) {
      ProducedNack other = refusals.get(0);
      throw new AssertionError(
          "the event was refused with `" + other.error().code() + "`, not with `" + wanted + "`", other.error());
    }
  }

  private static ErrorCode code(String name) {
    return Arrays.stream(ErrorCode.values()).filter(known -> known.name().equals(name)).findFirst()
        .orElseThrow(() -> UsageException.invalidArgument("`" + name + "` was no error code", null));
  }

  private List<ProducedNack> takeRefusals() {
    if (outcomes == null) {
      throw UsageException.invalidArgument("no step produced an event before", null);
    }
    refusalIsOpen = false;
    return refusals();
  }

  private List<ProducedNack> refusals() {
    List<ProducedNack> refusals = new ArrayList<>();
    for (ProduceResult outcome : outcomes) {
      if (outcome instanceof ProducedNack refusal) {
        refusals.add(refusal);
      }
    }
    return refusals;
  }

  /** Raises the refusal that no step took. */
  void raiseRefusal() {
    if (refusalIsOpen) {
      refusalIsOpen = false;
      raise(refusals().get(0).error(), producedBy);
    }
  }

  /** Raises all that no step took. */
  void raiseAll() {
    try {
      raiseFailure();
    } catch (RuntimeException | Error first) {
      try {
        raiseRefusal();
      } catch (RuntimeException second) {
        first.addSuppressed(second);
      }
      throw first;
    }
    raiseRefusal();
  }

  private static void raise(Throwable raised, String step) {
    if (raised != null) {
      raised.addSuppressed(new Origin(step));
      if (raised instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) raised;
    }
  }

  /** Says in a stack trace which step an error was kept from. */
  static final class Origin extends Exception {
    private static final long serialVersionUID = 1L;

    Origin(String step) {
      super("no later step took what the step `" + step + "` ended in", null, false, false);
    }
  }
}
