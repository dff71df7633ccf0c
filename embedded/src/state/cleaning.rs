//! Deletes and compacts in time what the configuration of topics says. Where no topic says so, nothing runs.

use std::sync::Arc;

use kafka_protocol::messages::TopicName;

use super::timers::Timer;
use super::{Now, State};
use crate::log::config::LogConfig;

impl State {
    /// Gives the logs of a topic their configuration.
    pub(crate) fn configure_logs(&mut self, now: Now, topic: &TopicName, config: LogConfig) {
        let is_cleaned = config.is_cleaned();
        let config = Arc::new(config);
        for partition in self.topics.get_mut(topic).into_iter().flat_map(|topic| &mut topic.partitions) {
            partition.log.configure(config.clone());
        }
        if is_cleaned && self.cleaning.is_none() {
            self.clean_later(now);
        }
    }

    /// Looks at every log, and looks again later if any may have something to clean then.
    pub(super) fn clean(&mut self, now: Now) {
        // Set before anything can go wrong, so that one log does not end the cleaning of the others.
        self.clean_later(now);
        let mut is_needed = false;
        for partition in self.topics.partitions_mut() {
            let log = &mut partition.log;
            is_needed |= log.config().is_cleaned();
            log.delete_retired(now);
            if let Err(error) = log.compact(now) {
                tracing::error!(%error, "a log was not compacted");
            }
        }
        if let Err(full) = self.memory.make_room(0) {
            tracing::warn!(%full, "records stayed in memory over the limit");
        }
        if !is_needed && let Some(timer) = self.cleaning.take() {
            self.timers.cancel(timer);
        }
    }

    fn clean_later(&mut self, now: Now) {
        self.cleaning = Some(self.timers.set(now.mono + self.options.cleaning_interval, Timer::Cleaning));
    }
}
