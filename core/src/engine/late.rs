//! What comes too late: after a failure is certain the session listens on for a short grace, so that its
//! report can say how late. It never turns a failure into a pass, and no pass waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::expect::Expecting;
use crate::engine::judge::Judgement;
use crate::engine::produce::millis_now;
use crate::event::ReceivedEvent;
use crate::runtime::Deadline;
use crate::workers::fence::Ends;

/// An event that a match waited for, and that came behind the end.
pub(super) struct Late {
    /// The number of the match.
    pub(super) number: usize,
    pub(super) event: Arc<ReceivedEvent>,
    /// How long after the deadline.
    pub(super) by: Duration,
}

impl Expecting<'_> {
    /// Listens for an event of each of these matches, until all came or the time is over.
    pub(super) async fn listen(
        &self,
        missing: &[usize],
        ends: &[Ends],
        deadline: Deadline,
        until: Deadline,
    ) -> Vec<Late> {
        let mut journal = self.session.journal.watch();
        let (mut next, mut found) = (0, Vec::new());
        loop {
            journal.borrow_and_update();
            next = self.read_late(next, missing, ends, deadline, &mut found);
            if found.len() == missing.len() {
                return found;
            }
            match tokio::time::timeout_at(until.instant(), journal.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return found,
            }
        }
    }

    /// Looks at the entries from `start`; returns the first that it has not looked at.
    fn read_late(
        &self,
        start: usize,
        missing: &[usize],
        ends: &[Ends],
        deadline: Deadline,
        found: &mut Vec<Late>,
    ) -> usize {
        self.session.journal.read(start, |entries| {
            for (index, entry) in (start..).zip(entries) {
                for number in missing {
                    let Some((place, judge)) = self.judges.get(*number) else { continue };
                    let is_known = found.iter().any(|late| late.number == *number);
                    if is_known
                        || entry.event.topic != judge.topic.directive.name
                        || !ends.get(*place).is_some_and(|ends| ends.lie_before(&entry.event))
                    {
                        continue;
                    }
                    if let Judgement::Match(_) = judge.judge(index, entry) {
                        let by = how_late(&entry.event, deadline);
                        found.push(Late { number: *number, event: entry.event.clone(), by });
                    }
                }
            }
            start + entries.len()
        })
    }
}

/// Returns how late an event that was just read is: by the broker's clock where the broker dated it, else
/// by its arrival here.
fn how_late(event: &ReceivedEvent, deadline: Deadline) -> Duration {
    let arrival = Instant::now().saturating_duration_since(deadline.instant());
    let dated = event.timestamp.filter(|_| event.log_append_time).and_then(|at| {
        let deadline = millis_now() - i64::try_from(arrival.as_millis()).ok()?;
        u64::try_from(at - deadline).ok().map(Duration::from_millis)
    });
    // Clocks differ; it cannot have come after it was read.
    dated.filter(|dated| *dated <= arrival).unwrap_or(arrival)
}
