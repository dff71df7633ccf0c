//! How far a partition is covered, as three witnesses say it.
//!
//! A record covers itself. An end of partition covers everything below it: markers, aborted and
//! compacted records included. The client's position moves past control markers at once, but it
//! also moves one past every error and every end that was drained (rdkafka_queue.c,
//! rd_kafka_q_serve_rkmessages: fixed in 2.13.2). So it is believed only beyond the last of those,
//! where nothing but a record or a marker can have put it.

/// The coverage of one partition since it was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cover {
    /// Everything below was delivered or is proven invisible.
    next: i64,
    reported: i64,
    /// Up to here the position may come from an error or an end.
    doubtful: i64,
    /// The position is of this assignment: a partition that was assigned before may show an old one.
    ours: bool,
}

impl Cover {
    /// Coverage from the first offset to read.
    pub(super) fn new(from: i64) -> Self {
        Self { next: from, reported: from, doubtful: i64::MIN, ours: false }
    }

    /// Returns the offset below which everything is covered.
    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// A record was drained.
    pub(super) fn record(&mut self, offset: i64) {
        self.ours = true;
        self.next = self.next.max(offset + 1);
    }

    /// The end of the partition was drained.
    pub(super) fn end(&mut self, offset: i64) {
        self.error(offset);
        self.next = self.next.max(offset);
    }

    /// An error of the partition was drained.
    pub(super) fn error(&mut self, offset: i64) {
        self.ours = true;
        self.doubtful = self.doubtful.max(offset.saturating_add(1));
    }

    /// The client's position, asked after everything before it was drained.
    pub(super) fn position(&mut self, position: i64) {
        if position < 0 {
            // Nothing was drained yet: what it shows from here on is of this assignment.
            self.ours = true;
        } else if self.ours && position > self.doubtful {
            self.next = self.next.max(position);
        }
    }

    /// Returns the coverage if it moved since it was last taken.
    pub(super) fn take(&mut self) -> Option<i64> {
        let moved = self.next > self.reported;
        self.reported = self.next;
        moved.then_some(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_past_the_end_or_past_an_error_is_not_believed() {
        let mut cover = Cover::new(0);
        (0..5).for_each(|offset| cover.record(offset));
        cover.end(5);
        cover.position(6);
        assert_eq!(cover.take(), Some(5));

        let mut cover = Cover::new(3);
        cover.error(3);
        cover.position(4);
        assert_eq!(cover.take(), None);
    }

    #[test]
    fn a_marker_after_the_last_record_moves_the_coverage_at_once_also_after_an_end() {
        let mut cover = Cover::new(0);
        cover.record(2);
        cover.position(4);
        assert_eq!(cover.take(), Some(4));
        cover.end(4);
        cover.position(5);
        assert_eq!(cover.take(), None);
        cover.position(7);
        assert_eq!(cover.take(), Some(7));
    }

    #[test]
    fn a_position_that_is_left_from_an_earlier_assignment_is_not_believed() {
        let mut cover = Cover::new(2);
        cover.position(100);
        assert_eq!(cover.take(), None);
        cover.position(-1001);
        cover.position(3);
        assert_eq!(cover.take(), Some(3));
    }

    #[test]
    fn coverage_never_goes_back_and_is_told_once() {
        let mut cover = Cover::new(0);
        cover.record(9);
        cover.end(4);
        assert_eq!(cover.take(), Some(10));
        assert_eq!(cover.take(), None);
    }
}
