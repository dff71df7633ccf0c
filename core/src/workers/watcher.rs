//! Looks after the topics of a link: asks their ids and partition counts once a second, those of
//! missing topics more often, and lets go of topics at which nobody looks any more.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::Instant;

use crate::broker::TopicState;
use crate::runtime::Deadline;
use crate::workers::lane::Lane;
use crate::workers::link::Link;

const EVERY: Duration = Duration::from_secs(1);
/// A topic that somebody waits for, or a partition that stopped, is looked at this often.
const SOON: Duration = Duration::from_millis(100);
/// A topic that nobody looks at is read on for this long: the next test is ready at once.
const LINGER: Duration = Duration::from_secs(10);

/// Runs until the link is gone.
pub(crate) async fn watch(link: Weak<Link>) {
    let mut last = Instant::now();
    loop {
        tokio::time::sleep(SOON).await;
        let Some(link) = link.upgrade() else { return };
        link.reap(LINGER);
        let lanes = link.lanes();
        let all = last.elapsed() >= EVERY;
        if all {
            last = Instant::now();
        }
        let due: Vec<Arc<Lane>> = lanes.into_iter().filter(|lane| all || needs_care(lane)).collect();
        if !due.is_empty() {
            look(&link, &due).await;
        }
    }
}

fn needs_care(lane: &Lane) -> bool {
    let state = lane.state();
    (state.id.is_none() && state.awaited) || state.tracks.iter().any(|track| track.stopped.is_some())
}

async fn look(link: &Link, lanes: &[Arc<Lane>]) {
    let by = Deadline::after(EVERY);
    let topics = lanes.iter().map(|lane| lane.topic.to_string()).collect();
    let infos = match link.broker.describe(topics, by).await {
        Ok(infos) => infos,
        Err(error) => {
            tracing::debug!(%error, "the topics could not be described");
            return;
        }
    };
    for lane in lanes {
        let Some(info) = infos.iter().find(|info| *info.topic == *lane.topic) else { continue };
        let found = match &info.state {
            TopicState::Known { id, partitions } => Some((*id, *partitions)),
            TopicState::Unknown => None,
            TopicState::Failed(_) => continue,
        };
        if lane.failed.raised().is_none()
            && let Err(error) = lane.refresh(found, by).await
        {
            tracing::debug!(%error, topic = &*lane.topic, "the topic could not be refreshed");
        }
    }
}
