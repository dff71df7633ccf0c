//! The calls of a sequence: what is meant, without the ids that each cluster gives.

/// A partition of a topic of the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) topic: usize,
    pub(crate) partition: i32,
}

/// A call. Sequence numbers, epochs and generations count from the right ones.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    CreateTopic { topic: usize, partitions: i32, factor: i16 },
    DeleteTopic { topic: usize },
    Metadata { topic: usize },
    Produce { place: Place, records: usize, acks: i16 },
    ProduceAs { producer: usize, place: Place, records: usize, sequence: i32, epoch: i16 },
    Fetch { place: Place, offset: i64, is_committed: bool },
    ListOffsets { place: Place, timestamp: i64, is_committed: bool },
    LeaderEpoch { place: Place, epoch: i32 },
    InitProducer { producer: usize, keeps: bool },
    AddPartition { producer: usize, place: Place, epoch: i16 },
    AddOffsets { producer: usize, group: usize },
    CommitInTransaction { producer: usize, group: usize, place: Place, offset: i64 },
    EndTransaction { producer: usize, commit: bool, epoch: i16 },
    DescribeProducers { place: Place },
    DescribeTransaction { producer: usize },
    Commit { group: usize, member: Option<usize>, place: Place, offset: i64, generation: i32 },
    Committed { group: usize, place: Option<Place>, stable: bool },
    Join { group: usize, member: usize },
    JoinUnknown { group: usize },
    Heartbeat { group: usize, member: usize, generation: i32 },
    Leave { group: usize, member: usize },
    DescribeGroup { group: usize },
    DeleteGroup { group: usize },
    DeleteOffset { group: usize, place: Place },
}

/// What was answered, with symbols for the ids that each cluster gives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) code: i16,
    pub(crate) generation: i32,
}

impl Answer {
    pub(crate) fn new(code: i16, text: String) -> Self {
        Self { text: format!("{code} {text}"), code, generation: -1 }
    }
}
