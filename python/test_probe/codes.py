"""Every error code. Generated from the core by `cargo run -p xtask -- codegen`: do not edit."""

from __future__ import annotations

from enum import Enum, IntEnum


class Category(str, Enum):
    """What kind of trouble a code names."""

    USAGE = "usage"
    EXPECTATION = "expectation"
    INCONCLUSIVE = "inconclusive"
    KAFKA = "kafka"
    SCHEMA = "schema"
    LIFECYCLE = "lifecycle"
    INTERNAL = "internal"


class ErrorCode(IntEnum):
    """The number that crosses every boundary. Numbers never change their meaning."""

    INVALID_ARGUMENT = 1001
    """An argument was missing, malformed or out of range."""
    INVALID_DIRECTIVE = 1002
    """A topic directive did not validate."""
    DUPLICATE_TOPIC = 1003
    """Two directives of a session had the same name."""
    INVALID_BOOTSTRAP_SERVERS = 1004
    """Bootstrap servers were not a list of host:port."""
    INVALID_CONFIG = 1005
    """The configuration did not validate."""
    UNKNOWN_CLUSTER = 1006
    """A cluster was named that the configuration does not have."""
    UNKNOWN_PRINCIPAL = 1007
    """A principal was named that the configuration does not have, under strict principals."""
    ACTOR_NOT_REGISTERED = 1008
    """No worker was registered for this test id, topic and role."""
    DSL_NOT_INITIALIZED = 1009
    """The static DSL was used before a probe was registered, or after it was closed."""
    INVALID_HANDLE = 1010
    """A handle was stale, closed twice or of another kind."""
    SESSION_CLOSED = 1011
    """The session was closed."""
    UNSUPPORTED = 1012
    """The request is understood and not supported."""
    FORKED = 1013
    """The probe was made in another process, before a fork."""
    WRONG_THREAD = 1014
    """The call is not possible on this thread."""
    EXPECTATION_TIMEOUT = 2001
    """The expected event provably did not come."""
    UNEXPECTED_EVENT = 2002
    """An event came that was forbidden."""
    WRONG_COUNT = 2003
    """Another number of events came than was expected."""
    WRONG_ORDER = 2004
    """The events came in another order."""
    DUPLICATE_EVENT = 2005
    """An event came more than once."""
    ACKED_EVENT_LOST = 2006
    """An acknowledged event was lost."""
    NOT_COVERED = 2501
    """The reader had not reached the end offset that was taken after the deadline."""
    UNDECODABLE = 2502
    """A record that might have matched could not be decoded."""
    NOT_ATTRIBUTABLE = 2503
    """A record that meets every other condition carries no test id."""
    READ_GAP = 2504
    """Records were gone before they were read."""
    CLUSTER_MOVED = 2505
    """The cluster behind the bootstrap servers became another one."""
    BROKER_UNREACHABLE = 3001
    """No broker answered in time."""
    AUTHENTICATION_FAILED = 3002
    """The broker refused the credentials."""
    NOT_AUTHORIZED = 3003
    """The principal lacks a right."""
    UNKNOWN_TOPIC = 3004
    """The topic does not exist."""
    PRODUCE_FAILED = 3005
    """The broker did not accept the record."""
    CONSUME_FAILED = 3006
    """Records could not be fetched."""
    MESSAGE_TOO_LARGE = 3007
    """The record is larger than the broker or the client allows."""
    TOPIC_CREATE_FAILED = 3008
    """The topic could not be created."""
    PRODUCER_FENCED = 3009
    """Another producer took over this producer's identity."""
    COMMIT_FAILED = 3010
    """Offsets could not be committed."""
    REGISTRY_UNREACHABLE = 4001
    """The schema registry did not answer."""
    SCHEMA_NOT_FOUND = 4002
    """The registry does not have the schema."""
    SCHEMA_INCOMPATIBLE = 4003
    """The schema is not compatible with its subject."""
    ENCODE_FAILED = 4004
    """The value could not be written in the topic's format."""
    DECODE_FAILED = 4005
    """The record could not be read in the topic's format."""
    CIRCUIT_OPEN = 4006
    """Calls to the registry are suspended after repeated failures."""
    CANCELLED = 5001
    """The call was cancelled."""
    SHUTTING_DOWN = 5002
    """The probe is closing or closed."""
    OVERLOADED = 5003
    """A limit was reached."""
    TIMED_OUT = 5004
    """The call did not end within its time."""
    PANIC = 9001
    """A panic was caught at the boundary or in a worker."""
    INTERNAL = 9002
    """An invariant of the engine did not hold."""

    def __str__(self) -> str:
        return self.name

    @property
    def category(self) -> Category:
        """The category, which decides the exception class."""
        return _CATEGORIES[self]

    @property
    def retriable(self) -> bool:
        """Whether the same call may succeed later."""
        return self in _RETRIABLE


_CATEGORIES: dict[ErrorCode, Category] = {
    ErrorCode.INVALID_ARGUMENT: Category.USAGE,
    ErrorCode.INVALID_DIRECTIVE: Category.USAGE,
    ErrorCode.DUPLICATE_TOPIC: Category.USAGE,
    ErrorCode.INVALID_BOOTSTRAP_SERVERS: Category.USAGE,
    ErrorCode.INVALID_CONFIG: Category.USAGE,
    ErrorCode.UNKNOWN_CLUSTER: Category.USAGE,
    ErrorCode.UNKNOWN_PRINCIPAL: Category.USAGE,
    ErrorCode.ACTOR_NOT_REGISTERED: Category.USAGE,
    ErrorCode.DSL_NOT_INITIALIZED: Category.USAGE,
    ErrorCode.INVALID_HANDLE: Category.USAGE,
    ErrorCode.SESSION_CLOSED: Category.USAGE,
    ErrorCode.UNSUPPORTED: Category.USAGE,
    ErrorCode.FORKED: Category.USAGE,
    ErrorCode.WRONG_THREAD: Category.USAGE,
    ErrorCode.EXPECTATION_TIMEOUT: Category.EXPECTATION,
    ErrorCode.UNEXPECTED_EVENT: Category.EXPECTATION,
    ErrorCode.WRONG_COUNT: Category.EXPECTATION,
    ErrorCode.WRONG_ORDER: Category.EXPECTATION,
    ErrorCode.DUPLICATE_EVENT: Category.EXPECTATION,
    ErrorCode.ACKED_EVENT_LOST: Category.EXPECTATION,
    ErrorCode.NOT_COVERED: Category.INCONCLUSIVE,
    ErrorCode.UNDECODABLE: Category.INCONCLUSIVE,
    ErrorCode.NOT_ATTRIBUTABLE: Category.INCONCLUSIVE,
    ErrorCode.READ_GAP: Category.INCONCLUSIVE,
    ErrorCode.CLUSTER_MOVED: Category.INCONCLUSIVE,
    ErrorCode.BROKER_UNREACHABLE: Category.KAFKA,
    ErrorCode.AUTHENTICATION_FAILED: Category.KAFKA,
    ErrorCode.NOT_AUTHORIZED: Category.KAFKA,
    ErrorCode.UNKNOWN_TOPIC: Category.KAFKA,
    ErrorCode.PRODUCE_FAILED: Category.KAFKA,
    ErrorCode.CONSUME_FAILED: Category.KAFKA,
    ErrorCode.MESSAGE_TOO_LARGE: Category.KAFKA,
    ErrorCode.TOPIC_CREATE_FAILED: Category.KAFKA,
    ErrorCode.PRODUCER_FENCED: Category.KAFKA,
    ErrorCode.COMMIT_FAILED: Category.KAFKA,
    ErrorCode.REGISTRY_UNREACHABLE: Category.SCHEMA,
    ErrorCode.SCHEMA_NOT_FOUND: Category.SCHEMA,
    ErrorCode.SCHEMA_INCOMPATIBLE: Category.SCHEMA,
    ErrorCode.ENCODE_FAILED: Category.SCHEMA,
    ErrorCode.DECODE_FAILED: Category.SCHEMA,
    ErrorCode.CIRCUIT_OPEN: Category.SCHEMA,
    ErrorCode.CANCELLED: Category.LIFECYCLE,
    ErrorCode.SHUTTING_DOWN: Category.LIFECYCLE,
    ErrorCode.OVERLOADED: Category.LIFECYCLE,
    ErrorCode.TIMED_OUT: Category.LIFECYCLE,
    ErrorCode.PANIC: Category.INTERNAL,
    ErrorCode.INTERNAL: Category.INTERNAL,
}

_RETRIABLE: frozenset[ErrorCode] = frozenset(
    {
        ErrorCode.NOT_COVERED,
        ErrorCode.READ_GAP,
        ErrorCode.CLUSTER_MOVED,
        ErrorCode.BROKER_UNREACHABLE,
        ErrorCode.UNKNOWN_TOPIC,
        ErrorCode.PRODUCE_FAILED,
        ErrorCode.CONSUME_FAILED,
        ErrorCode.COMMIT_FAILED,
        ErrorCode.REGISTRY_UNREACHABLE,
        ErrorCode.CIRCUIT_OPEN,
        ErrorCode.OVERLOADED,
        ErrorCode.TIMED_OUT,
    }
)
