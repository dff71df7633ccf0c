//! The configuration of a topic, with Kafka's names and defaults (Kafka 4.3), checked when it is set.

use std::collections::BTreeMap;
use std::fmt;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const INT: i64 = i32::MAX as i64;
const LONG: i64 = i64::MAX;

/// One setting that a topic may have.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: &'static str,
}

/// What values a setting takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Boolean,
    /// 32 bits, between these.
    Int(i64, i64),
    /// 64 bits, between these.
    Long(i64, i64),
    /// A number between 0 and 1.
    Ratio,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A list, comma-separated and without repetition, of some of these.
    List(&'static [&'static str]),
    /// A list of anything, comma-separated.
    Anything,
}

const fn define(name: &'static str, kind: Kind, default: &'static str) -> Definition {
    Definition { name, kind, default }
}

/// Every setting of a topic, by name. Only those that [`LogConfig`] has as fields change what the cluster does.
pub(crate) const DEFINITIONS: &[Definition] = &[
    define("cleanup.policy", Kind::List(&["compact", "delete"]), "delete"),
    define("compression.gzip.level", Kind::Int(-1, 9), "-1"),
    define("compression.lz4.level", Kind::Int(1, 17), "9"),
    define(
        "compression.type",
        Kind::Choice(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        "producer",
    ),
    define("compression.zstd.level", Kind::Int(-131_072, 22), "3"),
    define("delete.retention.ms", Kind::Long(0, LONG), "86400000"),
    define("file.delete.delay.ms", Kind::Long(0, LONG), "60000"),
    define("flush.messages", Kind::Long(1, LONG), "9223372036854775807"),
    define("flush.ms", Kind::Long(0, LONG), "9223372036854775807"),
    define("follower.replication.throttled.replicas", Kind::Anything, ""),
    define("index.interval.bytes", Kind::Int(0, INT), "4096"),
    define("leader.replication.throttled.replicas", Kind::Anything, ""),
    define("local.retention.bytes", Kind::Long(-2, LONG), "-2"),
    define("local.retention.ms", Kind::Long(-2, LONG), "-2"),
    define("max.compaction.lag.ms", Kind::Long(1, LONG), "9223372036854775807"),
    define("max.message.bytes", Kind::Int(0, INT), "1048588"),
    define("message.timestamp.after.max.ms", Kind::Long(0, LONG), "3600000"),
    define("message.timestamp.before.max.ms", Kind::Long(0, LONG), "9223372036854775807"),
    define("message.timestamp.type", Kind::Choice(&["CreateTime", "LogAppendTime"]), "CreateTime"),
    define("min.cleanable.dirty.ratio", Kind::Ratio, "0.5"),
    define("min.compaction.lag.ms", Kind::Long(0, LONG), "0"),
    define("min.insync.replicas", Kind::Int(1, INT), "1"),
    define("preallocate", Kind::Boolean, "false"),
    define("remote.log.copy.disable", Kind::Boolean, "false"),
    define("remote.log.delete.on.disable", Kind::Boolean, "false"),
    define("remote.storage.enable", Kind::Boolean, "false"),
    define("retention.bytes", Kind::Long(i64::MIN, LONG), "-1"),
    define("retention.ms", Kind::Long(-1, LONG), "604800000"),
    define("segment.bytes", Kind::Int(1024 * 1024, INT), "1073741824"),
    define("segment.index.bytes", Kind::Int(4, INT), "10485760"),
    define("segment.jitter.ms", Kind::Long(0, LONG), "0"),
    define("segment.ms", Kind::Long(1, LONG), "604800000"),
    define("unclean.leader.election.enable", Kind::Boolean, "false"),
];

/// What a log does by its topic's configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogConfig {
    pub(crate) is_compacted: bool,
    pub(crate) is_deleted: bool,
    /// None when the topic does not say it: then records are kept, as a default of a week means to a test.
    pub(crate) retention_ms: Option<i64>,
    pub(crate) retention_bytes: Option<i64>,
    pub(crate) max_message_bytes: usize,
    pub(crate) is_log_append_time: bool,
    pub(crate) timestamp_before_max_ms: i64,
    pub(crate) timestamp_after_max_ms: i64,
    pub(crate) segment_bytes: usize,
    pub(crate) segment_ms: i64,
    pub(crate) min_compaction_lag_ms: i64,
    pub(crate) max_compaction_lag_ms: i64,
    pub(crate) min_cleanable_dirty_ratio: f64,
    pub(crate) delete_retention_ms: i64,
    pub(crate) min_insync_replicas: usize,
}

/// Why a setting was refused: `INVALID_CONFIG`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InvalidConfig(String);

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            is_compacted: false,
            is_deleted: true,
            retention_ms: None,
            retention_bytes: None,
            max_message_bytes: 1_048_588,
            is_log_append_time: false,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 60 * 60 * 1000,
            segment_bytes: 1024 * 1024 * 1024,
            segment_ms: 7 * DAY_MS,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            min_cleanable_dirty_ratio: 0.5,
            delete_retention_ms: DAY_MS,
            min_insync_replicas: 1,
        }
    }
}

impl LogConfig {
    /// Reads the settings that a topic has of its own; the others have their defaults.
    pub(crate) fn new(settings: &BTreeMap<String, String>) -> Result<Self, InvalidConfig> {
        for (name, value) in settings {
            let Some(definition) = definition(name) else {
                return Err(InvalidConfig(format!("`{name}` is no setting of a topic")));
            };
            definition.check(value)?;
        }
        let text = |name: &str| settings.get(name).map(|value| value.trim());
        let number = |name: &str| text(name).and_then(|value| value.parse::<i64>().ok());
        let size = |name: &str| number(name).and_then(|value| usize::try_from(value).ok());
        let policy = text("cleanup.policy").unwrap_or("delete");
        let has = |wanted: &str| policy.split(',').any(|policy| policy.trim() == wanted);
        let default = Self::default();
        let config = Self {
            is_compacted: has("compact"),
            is_deleted: has("delete"),
            retention_ms: number("retention.ms").filter(|value| *value >= 0),
            retention_bytes: number("retention.bytes").filter(|value| *value >= 0),
            max_message_bytes: size("max.message.bytes").unwrap_or(default.max_message_bytes),
            is_log_append_time: text("message.timestamp.type") == Some("LogAppendTime"),
            timestamp_before_max_ms: number("message.timestamp.before.max.ms")
                .unwrap_or(default.timestamp_before_max_ms),
            timestamp_after_max_ms: number("message.timestamp.after.max.ms")
                .unwrap_or(default.timestamp_after_max_ms),
            segment_bytes: size("segment.bytes").unwrap_or(default.segment_bytes),
            segment_ms: number("segment.ms").unwrap_or(default.segment_ms),
            min_compaction_lag_ms: number("min.compaction.lag.ms").unwrap_or(default.min_compaction_lag_ms),
            max_compaction_lag_ms: number("max.compaction.lag.ms").unwrap_or(default.max_compaction_lag_ms),
            min_cleanable_dirty_ratio: text("min.cleanable.dirty.ratio")
                .and_then(|value| value.parse().ok())
                .unwrap_or(default.min_cleanable_dirty_ratio),
            delete_retention_ms: number("delete.retention.ms").unwrap_or(default.delete_retention_ms),
            min_insync_replicas: size("min.insync.replicas").unwrap_or(default.min_insync_replicas),
        };
        if config.min_compaction_lag_ms > config.max_compaction_lag_ms {
            return Err(InvalidConfig(format!(
                "`min.compaction.lag.ms` of `{}` was more than `max.compaction.lag.ms` of `{}`",
                config.min_compaction_lag_ms, config.max_compaction_lag_ms
            )));
        }
        Ok(config)
    }

    /// Returns whether anything is to be deleted or compacted in time.
    pub(crate) fn is_cleaned(&self) -> bool {
        self.is_compacted
            || (self.is_deleted && (self.retention_ms.is_some() || self.retention_bytes.is_some()))
    }
}

/// Returns what a setting of this name is.
pub(crate) fn definition(name: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|definition| definition.name == name)
}

impl Definition {
    /// Checks a value as Kafka does: spaces around it do not count.
    pub(crate) fn check(&self, value: &str) -> Result<(), InvalidConfig> {
        let trimmed = value.trim();
        let refused = |reason: String| Err(InvalidConfig(format!("`{}` of `{value}` {reason}", self.name)));
        match self.kind {
            Kind::Boolean if ["true", "false"].iter().any(|known| trimmed.eq_ignore_ascii_case(known)) => {
                Ok(())
            }
            Kind::Boolean => refused("was neither `true` nor `false`".to_owned()),
            Kind::Int(min, max) => match trimmed.parse::<i32>().map(i64::from) {
                Ok(number) if (min..=max).contains(&number) => Ok(()),
                Ok(_) => refused(format!("was not between `{min}` and `{max}`")),
                Err(_) => refused("was no 32-bit number".to_owned()),
            },
            Kind::Long(min, max) => match trimmed.parse::<i64>() {
                Ok(number) if (min..=max).contains(&number) => Ok(()),
                Ok(_) => refused(format!("was not between `{min}` and `{max}`")),
                Err(_) => refused("was no 64-bit number".to_owned()),
            },
            Kind::Ratio => match trimmed.parse::<f64>() {
                Ok(number) if (0.0..=1.0).contains(&number) => Ok(()),
                _ => refused("was no number between `0` and `1`".to_owned()),
            },
            Kind::Choice(known) if known.contains(&trimmed) => Ok(()),
            Kind::Choice(known) => refused(format!("was none of `{}`", known.join("`, `"))),
            Kind::List(known) => {
                let mut seen = Vec::new();
                for item in trimmed.split(',').map(str::trim).filter(|_| !trimmed.is_empty()) {
                    if !known.contains(&item) {
                        return refused(format!("had other items than `{}`", known.join("`, `")));
                    }
                    if seen.contains(&item) {
                        return refused(format!("had `{item}` twice"));
                    }
                    seen.push(item);
                }
                Ok(())
            }
            Kind::Anything => Ok(()),
        }
    }
}
