//! The Kafka client librdkafka behind the seam.
//!
//! One client for questions and commands per [`Librdkafka`], started at connect; one per reader and
//! one per writer. Data flows one way: `native` and `values` own librdkafka's objects, `errors` and
//! `problems` translate what it says, `admin` makes calls, `topics`, `offsets` and `groups` are
//! those calls, `reader` (with `slots`, `record` and `progress`) and `writer` move records, and
//! `reaper` destroys.
//!
//! Nothing here waits for a broker except a future, and that only until its deadline. Handles are
//! dropped at any time in any state: their destruction happens behind the caller's back.

use std::sync::Arc;

use self::admin::Admin;
use self::offsets::Leaders;
use self::problems::Problems;
use self::reader::RdReader;
use self::writer::RdWriter;
use super::{
    BoxFuture, Broker, NewTopic, OffsetAnswer, OffsetQuery, Reader, ReaderOptions, TopicInfo, TopicPartition,
    Wake, Writer, WriterOptions,
};
use crate::error::{ProbeError, Result};
use crate::runtime::Deadline;

mod admin;
mod config;
mod errors;
mod groups;
mod native;
mod offsets;
mod problems;
mod progress;
mod reader;
pub mod reaper;
mod record;
mod slots;
mod topics;
mod values;
mod writer;

pub use self::config::LibrdkafkaConfig;

/// A Kafka cluster as one principal, through librdkafka.
#[derive(Debug)]
pub struct Librdkafka {
    config: LibrdkafkaConfig,
    problems: Problems,
    admin: Admin,
    leaders: Leaders,
}

impl Librdkafka {
    /// Starts to connect. Returns at once, whether or not a broker is there.
    ///
    /// Errors: INVALID_BOOTSTRAP_SERVERS without any, INVALID_CONFIG for a property that the client
    /// refuses, UNSUPPORTED for a protocol that this build does not have.
    pub fn connect(config: LibrdkafkaConfig) -> Result<Arc<dyn Broker>> {
        config.check()?;
        let problems = Problems::default();
        let admin = Admin::start(&config, problems.clone())?;
        Ok(Arc::new(Self { config, problems, admin, leaders: Leaders::default() }))
    }
}

impl Broker for Librdkafka {
    fn describe(&self, topics: Vec<String>, by: Deadline) -> BoxFuture<'_, Result<Vec<TopicInfo>>> {
        Box::pin(topics::describe(&self.admin, topics, by, |topic, leaders| {
            self.leaders.learn(topic, leaders)
        }))
    }

    fn offsets(&self, queries: Vec<OffsetQuery>, by: Deadline) -> BoxFuture<'_, Vec<OffsetAnswer>> {
        Box::pin(offsets::list(&self.admin, &self.leaders, queries, by))
    }

    fn create_topic(&self, topic: NewTopic, by: Deadline) -> BoxFuture<'_, Result<bool>> {
        Box::pin(topics::create(&self.admin, topic, by))
    }

    fn commit(
        &self,
        group: String,
        offsets: Vec<(TopicPartition, i64)>,
        by: Deadline,
    ) -> BoxFuture<'_, Result<()>> {
        Box::pin(groups::commit(&self.admin, group, offsets, by))
    }

    fn committed(
        &self,
        group: String,
        partitions: Vec<TopicPartition>,
        by: Deadline,
    ) -> BoxFuture<'_, Result<Vec<Option<i64>>>> {
        Box::pin(groups::committed(&self.admin, group, partitions, by))
    }

    fn reader(&self, options: ReaderOptions, wake: Wake) -> Result<Box<dyn Reader>> {
        Ok(Box::new(RdReader::open(&self.config, options, &wake, self.problems.clone())?))
    }

    fn writer(&self, options: WriterOptions, wake: Wake) -> Result<Box<dyn Writer>> {
        Ok(Box::new(RdWriter::open(&self.config, options, &wake, self.problems.clone())?))
    }

    fn last_problem(&self) -> Option<ProbeError> {
        self.problems.last()
    }

    fn close(&self) {
        self.admin.close();
    }
}
