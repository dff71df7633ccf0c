//! What is known of one transactional id: a state machine without logs, clocks or other ids.

use std::collections::BTreeSet;
use std::time::Duration;

use kafka_protocol::ResponseError;

use crate::groups::offsets::Place;
use crate::state::timers::TimerId;

/// Who produces: an id, and how often it was given out. A higher epoch fences the lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Producer {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
}

impl Producer {
    /// What Kafka answers where there is no producer.
    pub(crate) const NONE: Self = Self { id: -1, epoch: -1 };

    /// Returns whether this epoch may not be raised for a client: the last one is kept to fence with.
    pub(crate) fn is_exhausted(self) -> bool {
        self.epoch >= i16::MAX - 1
    }
}

/// How far a transaction is. An ending is one step here, so nobody sees `PrepareCommit` or `PrepareAbort`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Empty,
    Ongoing,
    CompleteCommit,
    CompleteAbort,
}

impl Status {
    /// The names that clients may ask for.
    pub(crate) const NAMES: [&'static str; 8] = [
        "Empty",
        "Ongoing",
        "PrepareCommit",
        "PrepareAbort",
        "CompleteCommit",
        "CompleteAbort",
        "Dead",
        "PrepareEpochFence",
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Ongoing => "Ongoing",
            Self::CompleteCommit => "CompleteCommit",
            Self::CompleteAbort => "CompleteAbort",
        }
    }
}

/// How the next producer of a transactional id follows from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Succession {
    /// The request was answered before, and the answer got lost.
    Same,
    NextEpoch,
    NewId,
}

/// What is known of one transactional id.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) producer: Producer,
    /// The id before the last initialization, by which the retry of one that changed it is known (KIP-360).
    previous_id: i64,
    /// The epoch before the last bump, if its producer may go on (KIP-360).
    last_epoch: Option<i16>,
    pub(crate) timeout: Duration,
    pub(crate) status: Status,
    pub(crate) partitions: BTreeSet<Place>,
    /// When the latest transaction began, in milliseconds since 1970; -1 before the first.
    pub(crate) started_ms: i64,
    /// Aborts an ongoing transaction.
    pub(crate) timer: Option<TimerId>,
}

impl Transaction {
    /// Returns what is known of an id that nobody used before.
    pub(crate) fn new(producer_id: i64) -> Self {
        Self {
            producer: Producer { id: producer_id, ..Producer::NONE },
            previous_id: -1,
            last_epoch: None,
            timeout: Duration::ZERO,
            status: Status::Empty,
            partitions: BTreeSet::new(),
            started_ms: -1,
            timer: None,
        }
    }

    pub(crate) fn is_ongoing(&self) -> bool {
        self.status == Status::Ongoing
    }

    /// Checks that a producer is the one that may work under this id.
    pub(crate) fn check(&self, producer: Producer) -> Result<(), ResponseError> {
        if producer.id != self.producer.id {
            Err(ResponseError::InvalidProducerIdMapping)
        } else if producer.epoch != self.producer.epoch {
            Err(ResponseError::ProducerFenced)
        } else {
            Ok(())
        }
    }

    /// Checks that who asks to go on as `expected` held this id. Its epoch is left to [`Self::succession`].
    pub(crate) fn check_successor(&self, expected: Option<Producer>) -> Result<(), ResponseError> {
        match expected {
            Some(expected) if expected.id != self.producer.id && self.producer.epoch >= 0 => {
                let is_retry = expected.id == self.previous_id && expected.is_exhausted();
                is_retry.then_some(()).ok_or(ResponseError::ProducerFenced)
            }
            _ => Ok(()),
        }
    }

    /// Returns who is next, for a client that goes on as `expected` or, without, fences whoever there is.
    pub(crate) fn succession(&self, expected: Option<Producer>) -> Result<Succession, ResponseError> {
        let goes_on = |epoch| self.producer.epoch < 0 || epoch == self.producer.epoch;
        match expected {
            Some(expected) if goes_on(expected.epoch) => Ok(self.next()),
            Some(expected) if self.last_epoch == Some(expected.epoch) => Ok(Succession::Same),
            Some(_) => Err(ResponseError::ProducerFenced),
            None => Ok(self.next()),
        }
    }

    fn next(&self) -> Succession {
        if self.producer.is_exhausted() { Succession::NewId } else { Succession::NextEpoch }
    }

    /// Makes way for the next producer; no transaction is ongoing.
    pub(crate) fn succeed(&mut self, succession: Succession, new_id: i64, asked_by_producer: bool) {
        let before = self.producer;
        self.previous_id = before.id;
        match succession {
            Succession::Same => {}
            Succession::NextEpoch => self.producer.epoch += 1,
            Succession::NewId => self.producer = Producer { id: new_id, epoch: 0 },
        }
        if succession != Succession::Same {
            self.last_epoch = asked_by_producer.then_some(before.epoch);
        }
        self.status = Status::Empty;
        self.started_ms = -1;
    }

    /// Shuts out what the producer sent so far. It may go on, by asking for the next epoch, until somebody else
    /// takes the id. Returns whether there was an epoch left.
    pub(crate) fn raise_epoch(&mut self) -> bool {
        self.last_epoch = Some(self.producer.epoch);
        let next = self.producer.epoch.checked_add(1);
        self.producer.epoch = next.unwrap_or(i16::MAX);
        next.is_some()
    }

    /// Begins anew with another producer id.
    pub(crate) fn replace_producer(&mut self, new_id: i64) {
        self.previous_id = self.producer.id;
        self.producer = Producer { id: new_id, epoch: 0 };
    }

    /// Takes partitions into the transaction, and returns whether that began it.
    pub(crate) fn add(&mut self, partitions: impl IntoIterator<Item = Place>, wall_ms: i64) -> bool {
        let begins = !self.is_ongoing();
        if begins {
            self.status = Status::Ongoing;
            self.started_ms = wall_ms;
        }
        self.partitions.extend(partitions);
        begins
    }

    /// Returns whether there is something to end; a repeated request of the same kind is no error.
    pub(crate) fn check_end(&self, commit: bool) -> Result<bool, ResponseError> {
        match (self.status, commit) {
            (Status::Ongoing, _) => Ok(true),
            (Status::CompleteCommit, true) | (Status::CompleteAbort, false) => Ok(false),
            (Status::Empty | Status::CompleteCommit | Status::CompleteAbort, _) => {
                Err(ResponseError::InvalidTxnState)
            }
        }
    }

    /// Returns whether there is something to end for a producer of the second protocol. The epoch tells the
    /// next ending from the repetition of one whose answer got lost.
    pub(crate) fn check_end_of_epoch(&self, producer: Producer, commit: bool) -> Result<bool, ResponseError> {
        let current = self.producer;
        let was_raised = i32::from(producer.epoch) + 1 == i32::from(current.epoch);
        let was_replaced =
            producer == Producer { id: self.previous_id, epoch: i16::MAX - 1 } && current.epoch == 0;
        if producer.id != current.id && !was_replaced {
            return Err(ResponseError::InvalidProducerIdMapping);
        }
        let is_repeated = was_raised || was_replaced;
        match (self.status, commit) {
            (Status::CompleteCommit, true) | (Status::CompleteAbort, false) if is_repeated => Ok(false),
            (Status::CompleteCommit | Status::CompleteAbort, _) if is_repeated => {
                Err(ResponseError::InvalidTxnState)
            }
            _ if producer.epoch != current.epoch => Err(ResponseError::ProducerFenced),
            (Status::Ongoing, _) | (_, false) => Ok(true),
            (Status::Empty | Status::CompleteCommit | Status::CompleteAbort, true) => {
                Err(ResponseError::InvalidTxnState)
            }
        }
    }

    /// Ends the transaction, and returns where it wrote.
    pub(crate) fn end(&mut self, commit: bool) -> BTreeSet<Place> {
        self.status = if commit { Status::CompleteCommit } else { Status::CompleteAbort };
        std::mem::take(&mut self.partitions)
    }
}
