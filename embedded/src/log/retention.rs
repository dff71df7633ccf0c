//! What a topic's configuration lets go with time: whole segments, the oldest first, as Kafka deletes them.

use super::Log;
use super::segment::Segment;
use crate::state::Now;

impl Log {
    /// Deletes the segments that are older than `retention.ms`, or that `retention.bytes` has no room for.
    pub(crate) fn delete_retired(&mut self, now: Now) {
        if !self.config.is_deleted {
            return;
        }
        while let Some(end) = self.first_retired(now) {
            if self.delete_before(end).is_err() {
                return;
            }
        }
    }

    /// Returns where the first of Kafka's segments ends, if it is to be deleted.
    fn first_retired(&self, now: Now) -> Option<i64> {
        let first = self.segments.range(..self.next_rolled(0));
        let newest = first.clone().map(Segment::max_timestamp).max()?;
        let bytes: usize = first.clone().map(Segment::bytes).sum();
        let is_old = |ms: i64| newest >= 0 && now.wall_ms.saturating_sub(newest) > ms;
        let has_no_room = |most: i64| i64::try_from(self.size() - bytes).is_ok_and(|rest| rest >= most);
        let is_retired = self.config.retention_ms.is_some_and(is_old)
            || self.config.retention_bytes.is_some_and(has_no_room);
        is_retired.then(|| first.last().map(Segment::end_offset)).flatten()
    }

    /// Returns the number of the segment at which Kafka begins the next of its own, after this one.
    pub(super) fn next_rolled(&self, number: usize) -> usize {
        let after = self.segments.iter().skip(number + 1).position(|segment| segment.is_rolled);
        after.map_or(self.segments.len(), |after| number + 1 + after)
    }
}
