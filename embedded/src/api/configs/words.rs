//! What is said of the settings of topics beside their values: the names that brokers have for them, and what
//! they do here.

/// What is said of a setting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    name: &'static str,
    /// The broker's name for the default of all topics; none where the broker's default has no value of its own.
    pub(super) synonym: Option<&'static str>,
    pub(super) documentation: &'static str,
}

/// Returns what is said of a setting.
pub(super) fn of(name: &str) -> Words {
    let unknown = Words { name: "", synonym: None, documentation: "" };
    WORDS.iter().find(|words| words.name == name).copied().unwrap_or(unknown)
}

const fn say(name: &'static str, synonym: &'static str, documentation: &'static str) -> Words {
    Words { name, synonym: Some(synonym), documentation }
}

const fn alone(name: &'static str, documentation: &'static str) -> Words {
    Words { name, synonym: None, documentation }
}

const WORDS: &[Words] = &[
    say(
        "cleanup.policy",
        "log.cleanup.policy",
        "Whether old records are deleted, or compacted to the last of each key, or both.",
    ),
    say("compression.gzip.level", "compression.gzip.level", "Has no effect here: batches stay as they came."),
    say("compression.lz4.level", "compression.lz4.level", "Has no effect here: batches stay as they came."),
    say("compression.type", "compression.type", "Has no effect here: batches stay as they came."),
    say("compression.zstd.level", "compression.zstd.level", "Has no effect here: batches stay as they came."),
    say(
        "delete.retention.ms",
        "log.cleaner.delete.retention.ms",
        "How long tombstones are kept in a compacted topic, in milliseconds.",
    ),
    say("file.delete.delay.ms", "log.segment.delete.delay.ms", "Has no effect here: there are no log files."),
    say("flush.messages", "log.flush.interval.messages", "Has no effect here: there are no log files."),
    alone("flush.ms", "Has no effect here: there are no log files."),
    alone("follower.replication.throttled.replicas", "Has no effect here: replicas share one log."),
    say("index.interval.bytes", "log.index.interval.bytes", "Has no effect here: there are no index files."),
    alone("leader.replication.throttled.replicas", "Has no effect here: replicas share one log."),
    say("local.retention.bytes", "log.local.retention.bytes", "Has no effect here: there is one tier."),
    say("local.retention.ms", "log.local.retention.ms", "Has no effect here: there is one tier."),
    say(
        "max.compaction.lag.ms",
        "log.cleaner.max.compaction.lag.ms",
        "How long a record may stay without being compacted, in milliseconds.",
    ),
    say("max.message.bytes", "message.max.bytes", "The largest batch that is taken, in bytes."),
    say(
        "message.timestamp.after.max.ms",
        "log.message.timestamp.after.max.ms",
        "How far ahead of the broker's clock a record may be, in milliseconds.",
    ),
    say(
        "message.timestamp.before.max.ms",
        "log.message.timestamp.before.max.ms",
        "How far behind the broker's clock a record may be, in milliseconds.",
    ),
    say(
        "message.timestamp.type",
        "log.message.timestamp.type",
        "Whether records have the time at which they were made or appended.",
    ),
    say(
        "min.cleanable.dirty.ratio",
        "log.cleaner.min.cleanable.ratio",
        "How much of a log must be new before it is compacted.",
    ),
    say(
        "min.compaction.lag.ms",
        "log.cleaner.min.compaction.lag.ms",
        "How long a record stays before it may be compacted, in milliseconds.",
    ),
    say(
        "min.insync.replicas",
        "min.insync.replicas",
        "How many replicas must be up for a record to be taken from a producer with `acks=all`.",
    ),
    say("preallocate", "log.preallocate", "Has no effect here: there are no log files."),
    alone("remote.log.copy.disable", "Has no effect here: there is one tier."),
    alone("remote.log.delete.on.disable", "Has no effect here: there is one tier."),
    alone("remote.storage.enable", "Has no effect here: there is one tier."),
    say(
        "retention.bytes",
        "log.retention.bytes",
        "How large a partition may become before its oldest records are deleted, in bytes.",
    ),
    alone(
        "retention.ms",
        "How old records may become before they are deleted, in milliseconds. The default deletes nothing here.",
    ),
    say("segment.bytes", "log.segment.bytes", "After how many bytes a partition begins another segment."),
    say("segment.index.bytes", "log.index.size.max.bytes", "Has no effect here: there are no index files."),
    alone("segment.jitter.ms", "Has no effect here: segments begin when they are due."),
    alone("segment.ms", "After how many milliseconds a partition begins another segment."),
    say(
        "unclean.leader.election.enable",
        "unclean.leader.election.enable",
        "Has no effect here: every replica that is up is in sync.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::config::DEFINITIONS;

    #[test]
    fn every_setting_of_a_topic_has_its_words() {
        let defined: Vec<&str> = DEFINITIONS.iter().map(|definition| definition.name).collect();
        let said: Vec<&str> = WORDS.iter().map(|words| words.name).collect();
        assert_eq!(said, defined);
    }
}
