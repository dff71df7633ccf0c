//! The fence: what must be known before anybody may say that an event did not come.
//!
//! After the deadline the end offsets (high watermarks) are asked for and answered, after that the
//! topic id is still the same, and the reader got there. Anything less is a doubt (adr/0006).

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::broker::{Isolation, Listed, OffsetSpec, StopReason, TopicId};
use crate::error::{ErrorCode, ProbeError};
use crate::event::ReceivedEvent;
use crate::runtime::Deadline;
use crate::verdict::Doubt;
use crate::workers::lane::Lane;
use crate::workers::view::ViewKey;

/// An answer that takes longer may never come, and a reader that lags longer may not be able to go
/// on: somebody looks for the reason.
const SLOW: Duration = Duration::from_millis(100);

/// End offsets that were answered.
#[derive(Clone, Debug)]
pub(crate) struct Ends {
    /// They were asked for at this time or later.
    asked_at: Instant,
    pub(crate) generation: u32,
    /// By partition number.
    pub(crate) offsets: Vec<i64>,
}

impl Ends {
    /// Returns the ends that were asked for earlier, of the topic's generation.
    pub(crate) fn known(generation: u32, offsets: Vec<i64>) -> Self {
        Self { asked_at: Instant::now(), generation, offsets }
    }

    /// Returns the end of a partition.
    pub(crate) fn of(&self, partition: i32) -> Option<i64> {
        self.offsets.get(usize::try_from(partition).ok()?).copied()
    }

    /// Returns whether an event lies behind them: then it came too late.
    pub(crate) fn lie_before(&self, event: &ReceivedEvent) -> bool {
        event.generation == self.generation && self.of(event.partition).is_none_or(|end| event.offset >= end)
    }

    /// Returns whether an event lies below them: then it is in time, whenever it was read.
    pub(crate) fn hold(&self, event: &ReceivedEvent) -> bool {
        event.generation == self.generation && self.of(event.partition).is_some_and(|end| event.offset < end)
    }
}

/// Why there are no end offsets.
enum Unlisted {
    /// Nobody answered, or with an error.
    Error(ProbeError),
    /// The topic is not the one that was pinned.
    Gone,
}

/// Why there is no fence.
#[derive(Debug)]
pub(crate) enum NoFence {
    /// The verdict is inconclusive.
    Doubt(Doubt),
    /// The worker is gone; the call ends with the cause.
    Failed(ProbeError),
}

impl From<Doubt> for NoFence {
    fn from(doubt: Doubt) -> Self {
        Self::Doubt(doubt)
    }
}

impl Lane {
    /// Returns end offsets that were asked for at `not_before` or later, once the topic is known to
    /// be the same after the answer. Verdicts whose deadline has passed share one answer.
    pub(crate) async fn ends(self: &Arc<Self>, not_before: Instant, by: Deadline) -> Result<Ends, NoFence> {
        let waited = by.wait("the end offsets", self.ends.lock()).await;
        let mut last = waited.map_err(|error| not_covered(None, error.message().to_owned()))?;
        if let Some(ends) = &*last
            && ends.asked_at >= not_before
            && ends.generation == self.state().generation
        {
            return Ok(ends.clone());
        }
        let ends = self.ask_ends(by).await?;
        *last = Some(ends.clone());
        Ok(ends)
    }

    async fn ask_ends(self: &Arc<Self>, by: Deadline) -> Result<Ends, NoFence> {
        loop {
            let asked_at = Instant::now();
            let (generation, pinned, read) = {
                let state = self.state();
                (state.generation, state.id, state.nexts())
            };
            let known = read.len();
            let partitions: Vec<i32> = (0..).take(known).collect();
            let listed = match pinned {
                Some(id) => self.list_ends(id, &partitions, by).await.map_err(|error| match error {
                    Unlisted::Error(error) => self.unanswered(&error, generation),
                    Unlisted::Gone => gap(None, "the topic was deleted or created anew".to_owned()),
                })?,
                None => Vec::new(),
            };
            let found = self.describe(by).await.map_err(|error| self.unanswered(&error, generation))?;
            let same = self.refresh(found, by).await.map_err(|error| self.unanswered(&error, generation))?;
            if !same {
                return Err(gap(None, "the topic was deleted or created anew".to_owned()));
            }
            if found.is_none() {
                return Err(not_covered(
                    None,
                    format!("topic `{}` did not exist at the deadline", self.topic),
                ));
            }
            let (now, tracks) = {
                let state = self.state();
                (state.generation, state.tracks.len())
            };
            if pinned.is_none() || now != generation || tracks != known {
                // It appeared, or grew, while we asked: what is new must be fenced too.
                continue;
            }
            let offsets: Vec<i64> = listed.iter().map(|(_, listed)| listed.map_or(0, |l| l.offset)).collect();
            self.note_truncation(&read, &offsets);
            return Ok(Ends { asked_at, generation, offsets });
        }
    }

    /// Lists the high watermarks. A topic that is gone gives no answer, so one that takes its time is
    /// looked at meanwhile.
    async fn list_ends(
        self: &Arc<Self>,
        id: TopicId,
        partitions: &[i32],
        by: Deadline,
    ) -> Result<Vec<(i32, Option<Listed>)>, Unlisted> {
        let mut listing = pin!(self.list(partitions, OffsetSpec::Latest, Isolation::ReadUncommitted, by));
        if let Ok(listed) = tokio::time::timeout(SLOW, &mut listing).await {
            return listed.map_err(Unlisted::Error);
        }
        if let Ok(found) = self.describe(by).await
            && found.is_none_or(|(now, _)| now != id)
        {
            self.refresh(found, by).await.map_err(Unlisted::Error)?;
            return Err(Unlisted::Gone);
        }
        listing.await.map_err(Unlisted::Error)
    }

    /// An end below what was read before it was asked for means that the log lost its tail.
    pub(crate) fn note_truncation(&self, read: &[i64], ends: &[i64]) {
        let mut state = self.state();
        for ((partition, end), read) in (0..).zip(ends).zip(read) {
            let Some(next) = state.track(partition).map(|track| track.next) else { continue };
            if end < read {
                let why = format!("the log was truncated to offset {end} after it was read up to {read}");
                state.note_gap(partition, next.max(*read), why, None);
            }
        }
    }

    fn unanswered(&self, error: &ProbeError, generation: u32) -> NoFence {
        if let Some(cause) = self.failed.raised() {
            return NoFence::Failed(cause);
        }
        if self.state().generation != generation {
            return gap(None, "the topic was deleted or created anew".to_owned());
        }
        match error.code() {
            ErrorCode::NotAuthorized | ErrorCode::AuthenticationFailed | ErrorCode::ShuttingDown => {
                NoFence::Failed(error.clone())
            }
            _ => {
                let why =
                    format!("the broker did not answer for the end offsets in time: {}", error.message());
                not_covered(None, why)
            }
        }
    }

    /// Waits until everything below the ends was delivered to the view.
    pub(crate) async fn covered(
        self: &Arc<Self>,
        key: ViewKey,
        ends: &Ends,
        by: Deadline,
    ) -> Result<(), NoFence> {
        let mut changes = self.watch();
        let mut lso_asked = false;
        loop {
            if let Some(cause) = self.failed.raised() {
                return Err(NoFence::Failed(cause));
            }
            let Some((partition, next, end)) = self.lagging(key, ends)? else { return Ok(()) };
            let pause = if lso_asked { by } else { by.min(Deadline::after(SLOW)) };
            if tokio::time::timeout_at(pause.instant(), changes.changed()).await.is_ok() {
                continue;
            }
            if by.passed() {
                return Err(not_covered(Some(partition), format!("read up to offset {next} of {end}")));
            }
            lso_asked = true;
            if let Some(doubt) = self.open_transaction(ends, by).await {
                // It may end within the grace; only what is still open then is a doubt.
                let wait = async {
                    loop {
                        match self.lagging(key, ends) {
                            Ok(None) => return Ok(()),
                            Ok(Some(_)) => {}
                            Err(no_fence) => return Err(no_fence),
                        }
                        if changes.changed().await.is_err() {
                            return Ok(());
                        }
                    }
                };
                return tokio::time::timeout_at(by.instant(), wait)
                    .await
                    .unwrap_or(Err(NoFence::Doubt(doubt)));
            }
        }
    }

    /// Returns a partition that is not covered yet, with how far it is.
    fn lagging(&self, key: ViewKey, ends: &Ends) -> Result<Option<(i32, i64, i64)>, NoFence> {
        let state = self.state();
        if state.generation != ends.generation || state.id.is_none() {
            return Err(gap(None, "the topic was deleted or created anew".to_owned()));
        }
        for (partition, end) in (0..).zip(&ends.offsets) {
            let next = state.next_of(key, partition).unwrap_or(0);
            if next >= *end {
                continue;
            }
            match state.track(partition).and_then(|track| track.stopped.as_ref()) {
                Some((at, StopReason::Corrupt(_))) => {
                    return Err(not_covered(
                        Some(partition),
                        format!("the batch at offset {at} failed its checksum"),
                    ));
                }
                Some((at, StopReason::OffsetGone(_))) => {
                    return Err(gap(
                        Some(partition),
                        format!("the record at offset {at} was gone before it was read"),
                    ));
                }
                Some((_, StopReason::TopicGone)) => {
                    return Err(gap(None, "the topic was deleted".to_owned()));
                }
                Some((_, StopReason::NotAuthorized(cause))) => return Err(NoFence::Failed(cause.clone())),
                None => return Ok(Some((partition, next, *end))),
            }
        }
        Ok(None)
    }

    /// Under read_committed a reader cannot pass an open transaction; says so where it is one.
    async fn open_transaction(&self, ends: &Ends, by: Deadline) -> Option<Doubt> {
        if self.isolation == Isolation::ReadUncommitted {
            return None;
        }
        let partitions: Vec<i32> = (0..).take(ends.offsets.len()).collect();
        let listed = self.list(&partitions, OffsetSpec::Latest, Isolation::ReadCommitted, by).await.ok()?;
        let open = |(partition, listed): &(i32, Option<Listed>)| {
            let end = *ends.offsets.get(usize::try_from(*partition).ok()?)?;
            let stable = (*listed)?.offset;
            (stable < end).then_some((*partition, stable, end))
        };
        let (partition, stable, end) = listed.iter().find_map(open)?;
        let why = format!("a transaction was open at offset {stable}, below the end {end}");
        Some(Doubt::NotCovered { partition: Some(partition), why })
    }
}

fn not_covered(partition: Option<i32>, why: String) -> NoFence {
    NoFence::Doubt(Doubt::NotCovered { partition, why })
}

fn gap(partition: Option<i32>, why: String) -> NoFence {
    NoFence::Doubt(Doubt::ReadGap { partition, why })
}
