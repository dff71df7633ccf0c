//! One-shot requests: on their way, at the broker, on their way back, and over by the deadline.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio::time::{sleep_until, timeout_at};

use super::fetch::not_authorized;
use super::log::Topic;
use super::reader::SimReader;
use super::state::{Resource, State};
use super::truth::CommitSeen;
use super::writer::SimWriter;
use super::{Inner, instant};
use crate::broker::{
    BoxFuture, Broker, Listed, NewTopic, OffsetAnswer, OffsetQuery, OffsetSpec, Reader, ReaderOptions,
    TopicInfo, TopicPartition, TopicState, Wake, Writer, WriterOptions,
};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::Deadline;

pub(super) struct SimBroker {
    inner: Arc<Inner>,
    principal: Arc<str>,
    closed: Arc<AtomicBool>,
}

/// What a request comes to at the broker.
enum Served<T> {
    Answer(Result<T>),
    /// The client tries again at this time.
    Later(u64),
}

/// How far a request gets before it meets the cluster's faults.
enum Fate {
    Served,
    Refused,
    Lost,
}

impl SimBroker {
    pub(super) fn new(inner: Arc<Inner>, principal: &str) -> Self {
        Self { inner, principal: Arc::from(principal), closed: Arc::new(AtomicBool::new(false)) }
    }

    /// Carries a request to the cluster and back. What fails on the way is tried again, as the
    /// client does by itself, until the deadline.
    async fn ask<T>(
        &self,
        what: &'static str,
        by: Deadline,
        mut serve: impl FnMut(&mut State) -> Served<T>,
    ) -> Result<T> {
        self.open()?;
        if by.passed() {
            return Err(self.too_late(what));
        }
        let fate = self.inner.with(State::fate);
        let request = async {
            if matches!(fate, Fate::Lost) {
                std::future::pending::<()>().await;
            }
            loop {
                self.travel().await;
                if matches!(fate, Fate::Refused) {
                    let text = format!("the broker was not able to answer `{what}`");
                    return Err(ProbeError::new(ErrorCode::BrokerUnreachable, text));
                }
                match self.inner.with(&mut serve) {
                    Served::Later(at) => self.sleep(at).await,
                    Served::Answer(answer) => {
                        if self.travel().await {
                            return answer;
                        }
                    }
                }
            }
        };
        let answer = timeout_at(by.instant(), request).await.unwrap_or_else(|_| Err(self.too_late(what)));
        self.inner.with(|state| {
            let told = answer.as_ref().map_or_else(|error| error.code().name(), |_| "answered");
            state.note(format_args!("{what} by {} {told}", self.principal));
        });
        answer
    }

    /// One way between client and broker; `false` when the connection was lost on it.
    async fn travel(&self) -> bool {
        let at = self.inner.with(|state| state.now + state.delay(state.faults.request_ms));
        self.sleep(at).await;
        let mut kept = true;
        loop {
            let resumed = self.inner.resumed.notified();
            let outage = self.inner.with(|state| (state.outage(), state.disconnected(), state.origin));
            let (Some(until), disconnected, origin) = outage else { return kept };
            kept &= !disconnected;
            tokio::select! {
                biased;
                () = resumed => {}
                () = sleep_until(instant(origin, until)) => {}
            }
        }
    }

    async fn sleep(&self, at: u64) {
        let (now, origin) = self.inner.with(|state| (state.now, state.origin));
        if at > now {
            sleep_until(instant(origin, at)).await;
        }
    }

    fn open(&self) -> Result<()> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(ProbeError::new(ErrorCode::ShuttingDown, "the broker handle was closed"));
        }
        Ok(())
    }

    fn too_late(&self, what: &'static str) -> ProbeError {
        let unreachable = self.inner.with(|state| state.disconnected() && state.rng.bool());
        let (code, text) = if unreachable {
            (ErrorCode::BrokerUnreachable, format!("no broker was reached for `{what}`"))
        } else {
            (ErrorCode::TimedOut, format!("`{what}` did not end within its time"))
        };
        ProbeError::new(code, text).with("awaited", what)
    }

    async fn list(&self, query: OffsetQuery, by: Deadline) -> OffsetAnswer {
        let listed = self.ask("list offsets", by, |state| state.list(&self.principal, &query)).await;
        OffsetAnswer { at: query.at, listed }
    }

    fn may_open(&self) -> Result<()> {
        self.open()?;
        self.inner.with(|state| {
            let Some((left, error)) = state.unopenable.get_mut(&self.principal) else { return Ok(()) };
            let error = error.clone();
            *left -= 1;
            if *left == 0 {
                state.unopenable.remove(&self.principal);
            }
            Err(error)
        })
    }
}

impl Broker for SimBroker {
    fn describe(&self, topics: Vec<String>, by: Deadline) -> BoxFuture<'_, Result<Vec<TopicInfo>>> {
        Box::pin(async move {
            self.ask("describe topics", by, |state| {
                let describe = |topic: &String| TopicInfo {
                    topic: topic.clone(),
                    state: state.describe(&self.principal, topic),
                };
                Served::Answer(Ok(topics.iter().map(describe).collect()))
            })
            .await
        })
    }

    fn offsets(&self, queries: Vec<OffsetQuery>, by: Deadline) -> BoxFuture<'_, Vec<OffsetAnswer>> {
        Box::pin(join(queries.into_iter().map(|query| self.list(query, by)).collect()))
    }

    fn create_topic(&self, topic: NewTopic, by: Deadline) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move {
            self.ask("create topic", by, |state| Served::Answer(state.create_for(&self.principal, &topic)))
                .await
        })
    }

    fn commit(
        &self,
        group: String,
        offsets: Vec<(TopicPartition, i64)>,
        by: Deadline,
    ) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.ask("commit offsets", by, |state| {
                Served::Answer(state.commit_for(&self.principal, &group, &offsets))
            })
            .await
        })
    }

    fn committed(
        &self,
        group: String,
        partitions: Vec<TopicPartition>,
        by: Deadline,
    ) -> BoxFuture<'_, Result<Vec<Option<i64>>>> {
        Box::pin(async move {
            self.ask("list committed offsets", by, |state| {
                Served::Answer(state.committed_for(&self.principal, &group, &partitions))
            })
            .await
        })
    }

    fn reader(&self, options: ReaderOptions, wake: Wake) -> Result<Box<dyn Reader>> {
        self.may_open()?;
        let (inner, closed) = (Arc::clone(&self.inner), Arc::clone(&self.closed));
        Ok(Box::new(SimReader::open(inner, Arc::clone(&self.principal), options, wake, closed)))
    }

    fn writer(&self, options: WriterOptions, wake: Wake) -> Result<Box<dyn Writer>> {
        self.may_open()?;
        let (inner, closed) = (Arc::clone(&self.inner), Arc::clone(&self.closed));
        Ok(Box::new(SimWriter::open(inner, Arc::clone(&self.principal), options, wake, closed)))
    }

    fn last_problem(&self) -> Option<ProbeError> {
        self.inner.with(|state| state.problem.clone())
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

impl State {
    fn fate(&mut self) -> Fate {
        if self.chance(self.faults.request_lost) {
            Fate::Lost
        } else if self.chance(self.faults.request_refused) {
            Fate::Refused
        } else {
            Fate::Served
        }
    }

    fn describe(&self, principal: &Arc<str>, topic: &str) -> TopicState {
        if !self.may(principal, &Arc::from(topic)) {
            return TopicState::Failed(not_authorized(topic));
        }
        let count = |topic: &Topic| i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        self.known(topic)
            .map_or(TopicState::Unknown, |topic| TopicState::Known { id: topic.id, partitions: count(topic) })
    }

    fn list(&mut self, principal: &Arc<str>, query: &OffsetQuery) -> Served<Option<Listed>> {
        let without_epoch = self.chance(self.faults.epoch_missing);
        if !self.may(principal, &query.at.topic) {
            return Served::Answer(Err(not_authorized(&query.at.topic)));
        }
        let known = self.known(&query.at.topic);
        let Some(log) = known.and_then(|topic| topic.partition(query.at.partition)) else {
            let text = format!("topic `{}` has no partition {}", query.at.topic, query.at.partition);
            return Served::Answer(Err(ProbeError::new(ErrorCode::UnknownTopic, text)));
        };
        if log.away_until > self.now {
            return Served::Later(log.away_until);
        }
        let end = log.end(query.isolation);
        let (offset, epoch) = match query.spec {
            OffsetSpec::Earliest => (log.low, log.epoch_of(log.low)),
            OffsetSpec::Latest => (end, log.epoch()),
            OffsetSpec::Timestamp(from) => {
                let first = log.entries[..usize::try_from(end).unwrap_or(0)].iter().find(|entry| {
                    entry.gone.is_none()
                        && entry.record.is_some()
                        && entry.timestamp.is_some_and(|timestamp| timestamp >= from)
                });
                match first {
                    Some(entry) => (entry.offset, entry.epoch),
                    None => return Served::Answer(Ok(None)),
                }
            }
        };
        let leader_epoch = if without_epoch { None } else { Some(epoch) };
        Served::Answer(Ok(Some(Listed { offset, leader_epoch })))
    }

    fn create_for(&mut self, principal: &Arc<str>, topic: &NewTopic) -> Result<bool> {
        if !self.may(principal, &Arc::from(topic.topic.as_str())) {
            return Err(not_authorized(&topic.topic));
        }
        if topic.partitions < 1 || topic.replication_factor > 3 {
            let text = format!("topic `{}` could not be created: not enough brokers", topic.topic);
            return Err(ProbeError::new(ErrorCode::TopicCreateFailed, text));
        }
        let log_append_time = topic
            .config
            .iter()
            .any(|(name, value)| name == "message.timestamp.type" && value == "LogAppendTime");
        Ok(self.make_topic(&topic.topic, topic.partitions, log_append_time))
    }

    fn commit_for(
        &mut self,
        principal: &Arc<str>,
        group: &str,
        offsets: &[(TopicPartition, i64)],
    ) -> Result<()> {
        self.may_see_group(principal, group)?;
        let committed = self.groups.entry(group.to_owned()).or_default();
        committed.extend(offsets.iter().cloned());
        self.commits.push(CommitSeen {
            at: instant(self.origin, self.now),
            group: group.to_owned(),
            offsets: offsets.to_vec(),
        });
        Ok(())
    }

    fn committed_for(
        &self,
        principal: &Arc<str>,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<i64>>> {
        self.may_see_group(principal, group)?;
        let known = self.groups.get(group);
        let committed = |at: &TopicPartition| known.and_then(|offsets| offsets.get(at)).copied();
        Ok(partitions.iter().map(committed).collect())
    }

    fn may_see_group(&self, principal: &Arc<str>, group: &str) -> Result<()> {
        if self.denied.contains(&(Arc::clone(principal), Resource::Group(Arc::from(group)))) {
            let text = format!("access to group `{group}` was denied");
            return Err(ProbeError::new(ErrorCode::NotAuthorized, text).with("group", group));
        }
        Ok(())
    }
}

/// Waits for all futures side by side; each keeps its place.
async fn join<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Some(Box::pin(future)), None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, result) in &mut running {
            if let Some(waiting) = future {
                match Pin::as_mut(waiting).poll(context) {
                    Poll::Ready(value) => (*future, *result) = (None, Some(value)),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    running.into_iter().filter_map(|(_, result)| result).collect()
}
