package io.testprobe.cucumber;

import io.testprobe.ErrorCode;
import io.testprobe.InconclusiveException;
import io.testprobe.ProduceResult;
import io.testprobe.ProducedNack;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What steps leave for later ones: how the last produce step ended, and a verdict that is not known. */
final class Kept {
  private List<ProduceResult> outcomes;
  private boolean refusalIsOpen;
  private String producedBy;
  private InconclusiveException inconclusive;
  private String expectedBy;

  /** Keeps how a produce step ended. */
  void keep(List<ProduceResult> ended, String step) {
    outcomes = ended;
    refusalIsOpen = !refusals().isEmpty();
    producedBy = step;
  }

  /** Keeps an inconclusive verdict. */
  void keep(InconclusiveException verdict, String step) {
    inconclusive = verdict;
    expectedBy = step;
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
    ErrorCode wanted = Arrays.stream(ErrorCode.values()).filter(known -> known.name().equals(code)).findFirst()
        .orElseThrow(() -> new IllegalArgumentException("`" + code + "` was no error code"));
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

  private List<ProducedNack> takeRefusals() {
    if (outcomes == null) {
      throw new IllegalStateException("no event was produced before\nhint: this step looks at the last produce step");
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

  /** Takes the inconclusive verdict; fails where there is none. */
  void takeInconclusive() {
    if (inconclusive == null) {
      throw new AssertionError("no expectation before was inconclusive");
    }
    inconclusive = null;
  }

  /** Raises the inconclusive verdict that no step took. */
  void raiseInconclusive() {
    if (inconclusive != null) {
      InconclusiveException raised = inconclusive;
      inconclusive = null;
      throw from(expectedBy, raised);
    }
  }

  /** Raises the refusal that no step took. */
  void raiseRefusal() {
    if (refusalIsOpen) {
      refusalIsOpen = false;
      throw from(producedBy, refusals().get(0).error());
    }
  }

  /** Raises all that no step took. */
  void raiseAll() {
    try {
      raiseInconclusive();
    } catch (InconclusiveException first) {
      try {
        raiseRefusal();
      } catch (RuntimeException second) {
        first.addSuppressed(second);
      }
      throw first;
    }
    raiseRefusal();
  }

  /** Returns the error as it is, with a note in its stack trace of the step that it is from. */
  private static <E extends Throwable> E from(String step, E error) {
    error.addSuppressed(new Origin(step));
    return error;
  }

  /** Says in a stack trace which step an error was kept from. */
  static final class Origin extends Exception {
    private static final long serialVersionUID = 1L;

    Origin(String step) {
      super("no later step took what the step `" + step + "` ended in", null, false, false);
    }
  }
}
