//! Marks: where every partition of every consumed topic ends, asked for now.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::broker::{Isolation, OffsetSpec};
use crate::engine::session::{Look, SessionInner};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::matcher::{Mark, TopicMark};
use crate::runtime::Deadline;

impl SessionInner {
    /// Returns the end of every partition of every consumed topic, asked for now.
    pub(crate) async fn mark(self: &Arc<Self>) -> Result<Mark> {
        self.check()?;
        let by = Deadline::after(self.probe.scaled(self.probe.config.dsl.ask_timeout));
        let mut mark = Mark::default();
        for topic in self.topics() {
            let Some(look) = &topic.look else { continue };
            let taken = tokio::select! {
                biased;
                reason = self.closed.wait() => return Err(reason),
                taken = mark_of(look, by) => taken,
            };
            let taken = taken.map_err(|error| {
                let doing = format!("a mark was taken on topic `{}`", topic.directive.name);
                topic.link.unreachable(error, &doing, by)
            })?;
            mark.topics.insert(topic.directive.name.clone(), taken);
        }
        Ok(mark)
    }
}

async fn mark_of(look: &Look, by: Deadline) -> Result<TopicMark> {
    let lane = &look.lane;
    loop {
        lane.failed.check()?;
        let (generation, pinned, read) = {
            let state = lane.state();
            (state.generation, state.id.is_some(), state.nexts())
        };
        let partitions: Vec<i32> = (0..).take(read.len()).collect();
        if !pinned {
            let found = lane.describe(by).await?;
            if found.is_some() {
                // It appeared: what it holds lies before the mark.
                lane.refresh(found, by).await?;
                continue;
            }
            return Ok(TopicMark { generation, ends: BTreeMap::new() });
        }
        let listed = lane.list(&partitions, OffsetSpec::Latest, Isolation::ReadUncommitted, by).await;
        if listed.is_err() && lane.state().generation != generation {
            continue;
        }
        let listed = listed?;
        // The offsets are a mark only if the topic is still the same after them.
        let found = lane.describe(by).await?;
        let same = lane.refresh(found, by).await?;
        let (now, known) = {
            let state = lane.state();
            (state.generation, state.tracks.len())
        };
        if now != generation || same && known != partitions.len() {
            // It is another topic, or has partitions of which nobody asked for the end.
            continue;
        }
        if !same {
            let message = format!("topic `{}` was deleted", lane.topic);
            return Err(ProbeError::new(ErrorCode::UnknownTopic, message).with("topic", &*lane.topic));
        }
        let ends: Vec<i64> = listed.iter().map(|(_, end)| end.map_or(0, |end| end.offset)).collect();
        lane.note_truncation(&read, &ends);
        return Ok(TopicMark { generation, ends: partitions.into_iter().zip(ends).collect() });
    }
}
