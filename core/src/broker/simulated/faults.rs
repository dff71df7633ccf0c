//! How hostile the cluster is.

/// Probabilities (0 to 1) and longest delays (milliseconds; each is drawn from 0 to this).
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    /// A request's way to the broker, and its way back.
    pub request_ms: u64,
    /// A request, or one partition's share of it, is refused with an error that may pass.
    pub request_refused: f64,
    /// A request, or one partition's share of it, is lost: nothing comes until the deadline.
    pub request_lost: f64,
    /// A listed offset carries no leader epoch.
    pub epoch_missing: f64,
    /// A created topic is unknown to requests for this long.
    pub metadata_ms: u64,
    /// From a fetch's answer at the broker to the reader's queue.
    pub fetch_ms: u64,
    /// The most offsets in one fetch.
    pub fetch_batch: usize,
    /// From the last record to the news that there is no other.
    pub end_ms: u64,
    /// The news that records are invisible waits for the end instead of coming with the batch.
    pub progress_late: f64,
    /// A deleted topic is reported; otherwise there is silence.
    pub topic_gone_told: f64,
    /// A reader speaks of a disconnect, as a problem that is not fatal.
    pub disconnect_told: f64,
    /// A partition is without a leader when its leader moves.
    pub leader_ms: u64,
    /// A transaction's marker on its way to each partition.
    pub marker_ms: u64,
    /// A wake that should have come does not.
    pub wake_lost: f64,
    /// A wake comes for nothing.
    pub wake_spurious: f64,
    /// From a send to the log, and from the log to the acknowledgement.
    pub produce_ms: u64,
    /// The broker refuses a record.
    pub produce_refused: f64,
    /// A record is sent and never arrives: it times out, delivery unknown, and is not in the log.
    pub produce_lost: f64,
    /// An acknowledgement never arrives: the record times out, delivery unknown, and is in the log.
    pub ack_lost: f64,
    /// The writer's queue says that it is full.
    pub queue_full: f64,
    /// The writer's queue is full with this many records.
    pub queue_capacity: usize,
    /// A record whose key, value and headers are larger is refused, at once.
    pub max_record_bytes: usize,
}

impl Faults {
    /// Returns a cluster that answers at once and never fails.
    #[must_use]
    pub fn none() -> Self {
        Self {
            request_ms: 0,
            request_refused: 0.0,
            request_lost: 0.0,
            epoch_missing: 0.0,
            metadata_ms: 0,
            fetch_ms: 0,
            fetch_batch: 500,
            end_ms: 0,
            progress_late: 0.0,
            topic_gone_told: 0.0,
            disconnect_told: 0.0,
            leader_ms: 0,
            marker_ms: 0,
            wake_lost: 0.0,
            wake_spurious: 0.0,
            produce_ms: 0,
            produce_refused: 0.0,
            produce_lost: 0.0,
            ack_lost: 0.0,
            queue_full: 0.0,
            queue_capacity: 100_000,
            max_record_bytes: 1_000_000,
        }
    }

    /// Draws a hostile cluster: each fault is absent, rare or common, and each delay short or long.
    #[must_use]
    pub fn wild(rng: &mut fastrand::Rng) -> Self {
        Self {
            request_ms: delay(rng, 40),
            request_refused: chance(rng, 0.15),
            request_lost: chance(rng, 0.08),
            epoch_missing: chance(rng, 0.3),
            metadata_ms: delay(rng, 60),
            fetch_ms: delay(rng, 60),
            fetch_batch: [1, 2, 3, 7, 50, 500][rng.usize(0..6)],
            end_ms: delay(rng, 120),
            progress_late: chance(rng, 0.9),
            topic_gone_told: chance(rng, 0.9),
            disconnect_told: chance(rng, 0.9),
            leader_ms: delay(rng, 200),
            marker_ms: delay(rng, 50),
            wake_lost: chance(rng, 0.3),
            wake_spurious: chance(rng, 0.3),
            produce_ms: delay(rng, 40),
            produce_refused: chance(rng, 0.1),
            produce_lost: chance(rng, 0.05),
            ack_lost: chance(rng, 0.05),
            queue_full: chance(rng, 0.2),
            queue_capacity: [1, 5, 100, 100_000][rng.usize(0..4)],
            max_record_bytes: 1_000_000,
        }
    }
}

/// A thing that happens to one record that is produced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProduceFault {
    /// The queue is full: the record is not taken.
    Full,
    /// The broker finds it too large (MESSAGE_TOO_LARGE, delivery none).
    TooLarge,
    /// The broker refuses the principal (NOT_AUTHORIZED, delivery none).
    NotAuthorized,
    /// The broker refuses it otherwise (PRODUCE_FAILED, delivery none).
    Refused,
    /// It never arrives (TIMED_OUT, delivery unknown, not in the log).
    RequestLost,
    /// Its acknowledgement never arrives (TIMED_OUT, delivery unknown, in the log).
    AckLost,
}

fn chance(rng: &mut fastrand::Rng, most: f64) -> f64 {
    match rng.u8(0..3) {
        0 => 0.0,
        1 => most * 0.2 * rng.f64(),
        _ => most * rng.f64(),
    }
}

fn delay(rng: &mut fastrand::Rng, most: u64) -> u64 {
    if rng.bool() { rng.u64(0..=most / 8) } else { rng.u64(0..=most) }
}
