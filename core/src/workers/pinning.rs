//! From a topic's name to fetch positions that are set: ready means ready.

use std::sync::Arc;
use std::time::Duration;

use crate::broker::{
    Isolation, Listed, OffsetQuery, OffsetSpec, StopReason, TopicId, TopicPartition, TopicState,
};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::Deadline;
use crate::workers::consumer::From;
use crate::workers::lane::{Lane, Track};

const RETRY: Duration = Duration::from_millis(20);

/// What pinning came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pinned {
    /// The topic is read.
    Reading,
    /// It does not exist.
    Missing,
}

impl Lane {
    /// Sees to it that the topic is read, from its end unless somebody awaited it. Sessions that
    /// come at the same time share the work.
    pub(crate) async fn pin(self: &Arc<Self>, by: Deadline) -> Result<Pinned> {
        let _one_at_a_time = by.wait("pinning the topic", self.pinning.lock()).await?;
        self.failed.check()?;
        if self.state().id.is_some() {
            return Ok(Pinned::Reading);
        }
        loop {
            let Some((id, partitions)) = self.describe(by).await? else { return Ok(Pinned::Missing) };
            if self.state().awaited {
                // Whoever waits was promised this one from its beginning.
                self.state().expected.get_or_insert(id);
            }
            let spec = if self.state().awaited { OffsetSpec::Earliest } else { OffsetSpec::Latest };
            let all: Vec<i32> = (0..partitions).collect();
            let listed = match self.list(&all, spec, Isolation::ReadUncommitted, by).await {
                // It is there, and not everywhere yet.
                Err(error) if error.code() == ErrorCode::UnknownTopic && !by.passed() => {
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
                listed => listed?,
            };
            // The offsets belong to this topic only if it is still the same after they were answered.
            if self.describe(by).await?.is_none_or(|(now, _)| now != id) {
                continue;
            }
            self.begin(id, &listed, spec, by).await?;
            return Ok(Pinned::Reading);
        }
    }

    /// Returns the topic's id and partitions, `None` when it does not exist.
    pub(crate) async fn describe(&self, by: Deadline) -> Result<Option<(TopicId, i32)>> {
        let topics = self.broker.describe(vec![self.topic.to_string()], by).await?;
        match topics.into_iter().next().map(|info| info.state) {
            Some(TopicState::Known { id, partitions }) => Ok(Some((id, partitions))),
            Some(TopicState::Unknown) => Ok(None),
            Some(TopicState::Failed(error)) => Err(error),
            None => Err(ProbeError::new(ErrorCode::Internal, "a description had no answer")),
        }
    }

    /// Lists an offset of each partition; asks again for those that were not answered until the deadline.
    pub(crate) async fn list(
        &self,
        partitions: &[i32],
        spec: OffsetSpec,
        isolation: Isolation,
        by: Deadline,
    ) -> Result<Vec<(i32, Option<Listed>)>> {
        let mut answered = Vec::with_capacity(partitions.len());
        let mut open = partitions.to_vec();
        let mut said: Option<ProbeError> = None;
        let generation = self.state().generation;
        loop {
            let query = |partition: &i32| OffsetQuery {
                at: TopicPartition { topic: self.topic.clone(), partition: *partition },
                spec,
                isolation,
            };
            let mut last = None;
            for answer in self.broker.offsets(open.iter().map(query).collect(), by).await {
                match answer.listed {
                    Ok(listed) => {
                        open.retain(|partition| *partition != answer.at.partition);
                        answered.push((answer.at.partition, listed));
                    }
                    Err(error) => last = Some(error),
                }
            }
            match last {
                None if open.is_empty() => {
                    answered.sort_unstable_by_key(|(partition, _)| *partition);
                    return Ok(answered);
                }
                // Whether the topic is gone or only new is for a description to say.
                Some(error) if error.code() == ErrorCode::UnknownTopic => return Err(error),
                // The broker's own answer says more than that the time was over.
                Some(error) if by.passed() || !error.retriable() => {
                    let is_late = error.code() == ErrorCode::TimedOut;
                    return Err(said.filter(|_| is_late).unwrap_or(error));
                }
                None if by.passed() => {
                    return Err(ProbeError::new(ErrorCode::BrokerUnreachable, "an offset was not answered"));
                }
                last => {
                    said = last.or(said);
                    if self.state().generation != generation {
                        // Another topic need not have these partitions.
                        return Err(said.unwrap_or_else(|| self.made_anew()));
                    }
                    tokio::time::sleep(RETRY.min(by.left())).await;
                }
            }
        }
    }

    fn made_anew(&self) -> ProbeError {
        let message = format!("topic `{}` was created anew meanwhile", self.topic);
        ProbeError::new(ErrorCode::UnknownTopic, message).with("topic", &*self.topic)
    }

    /// Reads the topic under this id from these offsets.
    async fn begin(
        self: &Arc<Self>,
        id: TopicId,
        listed: &[(i32, Option<Listed>)],
        spec: OffsetSpec,
        by: Deadline,
    ) -> Result<()> {
        let from = starts(listed);
        {
            let mut state = self.state();
            state.tracks =
                from.iter().map(|from| Track { slot: None, next: from.offset, stopped: None }).collect();
            state.id = Some(id);
            if state.expected.take().is_some_and(|expected| expected != id) {
                // It was created anew once more before anybody could read it.
                state.generation += 1;
            }
            if spec == OffsetSpec::Earliest {
                state.note_missed(&from);
            }
        }
        let added = self.worker.add(self, from, by).await;
        if added.is_err() {
            self.state().id = None;
        }
        self.notify();
        added
    }

    /// Compares the topic with a fresh description: picks up added partitions, a topic that was
    /// created anew, one that appeared, and partitions that stopped. Returns whether it is still
    /// the topic that was pinned before.
    pub(crate) async fn refresh(
        self: &Arc<Self>,
        found: Option<(TopicId, i32)>,
        by: Deadline,
    ) -> Result<bool> {
        let (pinned, known) = {
            let state = self.state();
            (state.id, state.tracks.len())
        };
        match (pinned, found) {
            (None, None) => Ok(true),
            (None, Some(_)) => {
                self.pin(by).await?;
                Ok(true)
            }
            // Deleted, or a broker that does not know better yet: the same id may come back.
            (Some(_), None) => Ok(false),
            (Some(old), Some((new, _))) if old != new => self.replace(old, by).await,
            (Some(_), Some((_, partitions))) => {
                if usize::try_from(partitions).is_ok_and(|partitions| partitions > known) {
                    self.extend(partitions, by).await?;
                }
                self.repair(by).await?;
                Ok(true)
            }
        }
    }

    /// A description named another topic than the pinned one. It may be the older of the two, so only
    /// a fresh one counts. Returns whether the pinned one is still the topic.
    async fn replace(self: &Arc<Self>, old: TopicId, by: Deadline) -> Result<bool> {
        match self.describe(by).await? {
            Some((new, _)) if new != old => {
                self.forget(old, new);
                self.pin(by).await?;
                Ok(false)
            }
            Some(_) => Ok(self.state().id == Some(old)),
            None => Ok(false),
        }
    }

    /// The topic is another one now: offsets of the old one mean nothing any more.
    fn forget(&self, old: TopicId, new: TopicId) {
        let slots = {
            let mut state = self.state();
            if state.id != Some(old) {
                // Somebody else found out first.
                return;
            }
            state.id = None;
            state.expected = Some(new);
            state.awaited = true;
            state.generation += 1;
            state.tracks.drain(..).filter_map(|track| track.slot).collect()
        };
        self.worker.release(slots);
        self.notify();
    }

    /// Reads partitions that were added, from their beginning.
    async fn extend(self: &Arc<Self>, partitions: i32, by: Deadline) -> Result<()> {
        let _one_at_a_time = by.wait("adding partitions", self.pinning.lock()).await?;
        let known = i32::try_from(self.state().tracks.len()).unwrap_or(i32::MAX);
        let added: Vec<i32> = (known..partitions).collect();
        if added.is_empty() {
            return Ok(());
        }
        let from = starts(&self.list(&added, OffsetSpec::Earliest, Isolation::ReadUncommitted, by).await?);
        {
            let mut state = self.state();
            for from in &from {
                state.tracks.push(Track { slot: None, next: from.offset, stopped: None });
            }
            state.note_missed(&from);
        }
        self.worker.add(self, from, by).await?;
        self.notify();
        Ok(())
    }

    /// Begins again where a partition stopped because its next offset was gone; what lies between
    /// is a gap, and known as one.
    async fn repair(self: &Arc<Self>, by: Deadline) -> Result<()> {
        let _one_at_a_time = by.wait("repairing partitions", self.pinning.lock()).await?;
        let stopped: Vec<(i32, i64, StopReason)> = {
            let state = self.state();
            let tracks = (0..).zip(&state.tracks);
            tracks.filter_map(|(p, track)| track.stopped.clone().map(|(at, why)| (p, at, why))).collect()
        };
        for (partition, at, why) in stopped {
            let why = match why {
                StopReason::OffsetGone(_) => "records were deleted or truncated before they were read",
                StopReason::Corrupt(_) | StopReason::TopicGone | StopReason::NotAuthorized(_) => continue,
            };
            let earliest =
                self.list(&[partition], OffsetSpec::Earliest, Isolation::ReadUncommitted, by).await?;
            let latest = self.list(&[partition], OffsetSpec::Latest, Isolation::ReadUncommitted, by).await?;
            let (Some((_, Some(earliest))), Some((_, Some(latest)))) = (earliest.first(), latest.first())
            else {
                continue;
            };
            // Past the low watermark: resume there. Truncated: what follows the new end is new.
            let resume = if earliest.offset > at {
                *earliest
            } else {
                Listed { offset: at.min(latest.offset), ..*latest }
            };
            {
                let mut state = self.state();
                state.note_gap(partition, at.max(resume.offset) + 1, why.to_owned(), None);
                if let Some(track) = state.track_mut(partition) {
                    track.next = resume.offset;
                    track.stopped = None;
                }
            }
            let from = From { partition, offset: resume.offset, leader_epoch: resume.leader_epoch };
            self.worker.add(self, vec![from], by).await?;
            self.notify();
        }
        Ok(())
    }
}

fn starts(listed: &[(i32, Option<Listed>)]) -> Vec<From> {
    let start = |(partition, listed): &(i32, Option<Listed>)| From {
        partition: *partition,
        offset: listed.map_or(0, |listed| listed.offset),
        leader_epoch: listed.and_then(|listed| listed.leader_epoch),
    };
    listed.iter().map(start).collect()
}
