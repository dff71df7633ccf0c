package io.testprobe;

/**
 * Every error code. Numbers never change their meaning.
 *
 * <p>Generated from the core by {@code cargo run -p xtask -- codegen}: do not edit.
 */
public enum ErrorCode {
  /** An argument was missing, malformed or out of range. */
  INVALID_ARGUMENT(1001, Category.USAGE, false),
  /** A topic directive did not validate. */
  INVALID_DIRECTIVE(1002, Category.USAGE, false),
  /** Two directives of a session had the same name. */
  DUPLICATE_TOPIC(1003, Category.USAGE, false),
  /** Bootstrap servers were not a list of host:port. */
  INVALID_BOOTSTRAP_SERVERS(1004, Category.USAGE, false),
  /** The configuration did not validate. */
  INVALID_CONFIG(1005, Category.USAGE, false),
  /** A cluster was named that the configuration does not have. */
  UNKNOWN_CLUSTER(1006, Category.USAGE, false),
  /** A principal was named that the configuration does not have, under strict principals. */
  UNKNOWN_PRINCIPAL(1007, Category.USAGE, false),
  /** No worker was registered for this test id, topic and role. */
  ACTOR_NOT_REGISTERED(1008, Category.USAGE, false),
  /** The static DSL was used before a probe was registered, or after it was closed. */
  DSL_NOT_INITIALIZED(1009, Category.USAGE, false),
  /** A handle was stale, closed twice or of another kind. */
  INVALID_HANDLE(1010, Category.USAGE, false),
  /** The session was closed. */
  SESSION_CLOSED(1011, Category.USAGE, false),
  /** The request is understood and not supported. */
  UNSUPPORTED(1012, Category.USAGE, false),
  /** The probe was made in another process, before a fork. */
  FORKED(1013, Category.USAGE, false),
  /** The call is not possible on this thread. */
  WRONG_THREAD(1014, Category.USAGE, false),
  /** The expected event provably did not come. */
  EXPECTATION_TIMEOUT(2001, Category.EXPECTATION, false),
  /** An event came that was forbidden. */
  UNEXPECTED_EVENT(2002, Category.EXPECTATION, false),
  /** Another number of events came than was expected. */
  WRONG_COUNT(2003, Category.EXPECTATION, false),
  /** The events came in another order. */
  WRONG_ORDER(2004, Category.EXPECTATION, false),
  /** An event came more than once. */
  DUPLICATE_EVENT(2005, Category.EXPECTATION, false),
  /** An acknowledged event was lost. */
  ACKED_EVENT_LOST(2006, Category.EXPECTATION, false),
  /** The reader had not reached the end offset that was taken after the deadline. */
  NOT_COVERED(2501, Category.INCONCLUSIVE, true),
  /** A record that might have matched could not be decoded. */
  UNDECODABLE(2502, Category.INCONCLUSIVE, false),
  /** A record that meets every other condition carries no test id. */
  NOT_ATTRIBUTABLE(2503, Category.INCONCLUSIVE, false),
  /** Records were gone before they were read. */
  READ_GAP(2504, Category.INCONCLUSIVE, true),
  /** The cluster behind the bootstrap servers became another one. */
  CLUSTER_MOVED(2505, Category.INCONCLUSIVE, true),
  /** No broker answered in time. */
  BROKER_UNREACHABLE(3001, Category.KAFKA, true),
  /** The broker refused the credentials. */
  AUTHENTICATION_FAILED(3002, Category.KAFKA, false),
  /** The principal lacks a right. */
  NOT_AUTHORIZED(3003, Category.KAFKA, false),
  /** The topic does not exist. */
  UNKNOWN_TOPIC(3004, Category.KAFKA, true),
  /** The broker did not accept the record. */
  PRODUCE_FAILED(3005, Category.KAFKA, true),
  /** Records could not be fetched. */
  CONSUME_FAILED(3006, Category.KAFKA, true),
  /** The record is larger than the broker or the client allows. */
  MESSAGE_TOO_LARGE(3007, Category.KAFKA, false),
  /** The topic could not be created. */
  TOPIC_CREATE_FAILED(3008, Category.KAFKA, false),
  /** Another producer took over this producer's identity. */
  PRODUCER_FENCED(3009, Category.KAFKA, false),
  /** Offsets could not be committed. */
  COMMIT_FAILED(3010, Category.KAFKA, true),
  /** The schema registry did not answer. */
  REGISTRY_UNREACHABLE(4001, Category.SCHEMA, true),
  /** The registry does not have the schema. */
  SCHEMA_NOT_FOUND(4002, Category.SCHEMA, false),
  /** The schema is not compatible with its subject. */
  SCHEMA_INCOMPATIBLE(4003, Category.SCHEMA, false),
  /** The value could not be written in the topic's format. */
  ENCODE_FAILED(4004, Category.SCHEMA, false),
  /** The record could not be read in the topic's format. */
  DECODE_FAILED(4005, Category.SCHEMA, false),
  /** Calls to the registry are suspended after repeated failures. */
  CIRCUIT_OPEN(4006, Category.SCHEMA, true),
  /** The call was cancelled. */
  CANCELLED(5001, Category.LIFECYCLE, false),
  /** The probe is closing or closed. */
  SHUTTING_DOWN(5002, Category.LIFECYCLE, false),
  /** A limit was reached. */
  OVERLOADED(5003, Category.LIFECYCLE, true),
  /** The call did not end within its time. */
  TIMED_OUT(5004, Category.LIFECYCLE, true),
  /** A panic was caught at the boundary or in a worker. */
  PANIC(9001, Category.INTERNAL, false),
  /** An invariant of the engine did not hold. */
  INTERNAL(9002, Category.INTERNAL, false);

  /** What kind of trouble a code names. */
  public enum Category {
    /** The documents of the engine say {@code usage}. */
    USAGE,
    /** The documents of the engine say {@code expectation}. */
    EXPECTATION,
    /** The documents of the engine say {@code inconclusive}. */
    INCONCLUSIVE,
    /** The documents of the engine say {@code kafka}. */
    KAFKA,
    /** The documents of the engine say {@code schema}. */
    SCHEMA,
    /** The documents of the engine say {@code lifecycle}. */
    LIFECYCLE,
    /** The documents of the engine say {@code internal}. */
    INTERNAL
  }

  private final int number;
  private final Category category;
  private final boolean retriable;

  ErrorCode(int number, Category category, boolean retriable) {
    this.number = number;
    this.category = category;
    this.retriable = retriable;
  }

  /** Returns the number that crosses every boundary. */
  public int number() {
    return number;
  }

  /** Returns the category, which decides the class of the exception. */
  public Category category() {
    return category;
  }

  /** Returns whether the same call may succeed later. */
  public boolean retriable() {
    return retriable;
  }

  /** Returns the code of a number; {@link #INTERNAL} for a number that no code has. */
  public static ErrorCode of(int number) {
    for (ErrorCode code : values()) {
      if (code.number == number) {
        return code;
      }
    }
    return INTERNAL;
  }
}
