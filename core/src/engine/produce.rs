//! Producing: from an event to the broker's acknowledgement.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::broker::{Delivered, OutgoingRecord};
use crate::codec::{Stamp, Writers, Written, encode};
use crate::completion::lock;
use crate::directive::Source;
use crate::engine::calls::Call;
use crate::engine::session::{Acked, LastAck, SessionInner, SessionTopic};
use crate::error::{Category, ErrorCode, ProbeError, Result};
use crate::event::{Event, ProduceResult, ProducedAck};
use crate::registry::not_registered;
use crate::runtime::Deadline;

/// Where events of this engine say that they come from (`ce_source`).
const EVENT_SOURCE: &str = "test-probe";

/// An event that was handed over: to the client, or to the queue of those that wait for their schemas.
pub(crate) struct Begun {
    topic: Arc<SessionTopic>,
    begun: Instant,
    timeout: Duration,
    by: Deadline,
    timestamp: i64,
    /// Whether somebody learned what became of it.
    seen: Arc<AtomicBool>,
    delivered: oneshot::Receiver<Result<(Delivered, Arc<str>)>>,
}

/// An event on its way to the client.
pub(crate) struct Outgoing {
    pub(crate) event: Event,
    pub(crate) by: Deadline,
    /// When it was produced, milliseconds since the epoch.
    now: i64,
    seen: Arc<AtomicBool>,
    /// Takes where it was delivered, and the id that it went out with.
    sender: oneshot::Sender<Result<(Delivered, Arc<str>)>>,
}

impl SessionInner {
    /// Produces an event within the ask timeout, or the given one.
    pub(crate) async fn produce(
        self: &Arc<Self>,
        topic: &str,
        event: Event,
        timeout: Option<Duration>,
    ) -> Result<ProducedAck> {
        let begun = self.begin_produce(topic, event, timeout)?;
        self.acknowledged(begun).await
    }

    /// Hands an event to the client: order per topic is the order of these calls.
    pub(crate) fn begin_produce(
        self: &Arc<Self>,
        topic: &str,
        event: Event,
        timeout: Option<Duration>,
    ) -> Result<Begun> {
        let topic = self.topic(topic, "producer")?;
        if !topic.directive.role.produces() {
            return Err(not_registered(&self.test_id, &topic.directive.name, "producer"));
        }
        let begun = Instant::now();
        let timeout = timeout.unwrap_or(self.probe.config.dsl.ask_timeout);
        let by = Deadline::after(self.probe.scaled(timeout));
        let now = millis_now();
        let timestamp = event.timestamp.unwrap_or(now);
        let seen = Arc::new(AtomicBool::new(false));
        let (sender, delivered) = oneshot::channel();
        self.send_in_turn(&topic, Outgoing { event, by, now, seen: seen.clone(), sender })?;
        Ok(Begun { topic, begun, timeout, by, timestamp, seen, delivered })
    }

    /// Tells whoever waits that an event did not go out.
    pub(super) fn tell(&self, outgoing: Outgoing, error: ProbeError) {
        self.answer(outgoing.sender, &outgoing.seen, Err(error));
    }

    /// Writes an event as its topic has it.
    pub(super) fn encode(
        &self,
        topic: &SessionTopic,
        outgoing: &Outgoing,
        writers: &Writers,
    ) -> Result<(OutgoingRecord, Written)> {
        let stamp = Stamp {
            test_id: &self.test_id,
            ce_id: uuid::Uuid::new_v4().to_string(),
            time: outgoing.now,
            traceparent: self.traceparent.clone(),
            source: EVENT_SOURCE,
        };
        encode(&topic.directive, &outgoing.event, &stamp, writers)
    }

    /// Hands what was written to the client.
    pub(super) fn hand_over(
        self: &Arc<Self>,
        topic: &Arc<SessionTopic>,
        outgoing: Outgoing,
        record: OutgoingRecord,
        written: Written,
    ) {
        self.own_produced_id(&written.id);
        if let Some(ce_id) = &written.ce_id {
            lock(&topic.sent).by_ce_id.insert(ce_id.clone(), None);
        }
        let call = Call {
            id: written.id.clone(),
            ce_id: written.ce_id.as_deref().map(Into::into),
            key: record.key.clone(),
            fate: None,
            settled: None,
            entry: self.journal.len(),
        };
        let _turn = topic.calls.turn();
        let number = topic.calls.begin(call, self.probe.config.limits.journal_events_per_session);
        topic.link.producer.send(record, self.report(topic, number, written, outgoing.sender, outgoing.seen));
    }

    /// Waits for the broker's acknowledgement.
    pub(crate) async fn acknowledged(&self, begun: Begun) -> Result<ProducedAck> {
        let waited = tokio::select! {
            biased;
            reason = self.closed.wait() => return Err(reason),
            waited = tokio::time::timeout_at(begun.by.instant(), begun.delivered) => waited,
        };
        // From here on somebody learns what became of it.
        begun.seen.store(true, Ordering::Release);
        let (delivered, id) = match waited {
            Ok(Ok(result)) => result.map_err(|error| self.not_acknowledged(&begun.topic, error))?,
            Ok(Err(_)) => return Err(ProbeError::new(ErrorCode::ShuttingDown, "the producer went away")),
            Err(_) => return Err(self.timed_out(&begun.topic, begun.timeout)),
        };
        Ok(ProducedAck {
            topic: begun.topic.directive.name.clone(),
            partition: delivered.partition,
            offset: delivered.offset,
            timestamp: delivered.timestamp.unwrap_or(begun.timestamp),
            latency: begun.begun.elapsed(),
            id,
        })
    }

    /// Produces an event; what the broker, the schema or the clock refused is a nack.
    pub(crate) async fn try_produce(
        self: &Arc<Self>,
        topic: &str,
        event: Event,
        timeout: Option<Duration>,
    ) -> Result<ProduceResult> {
        tried(self.produce(topic, event, timeout).await)
    }

    /// Notes the delivery for `own` and for marks, and hands it to whoever waits.
    fn report(
        self: &Arc<Self>,
        topic: &Arc<SessionTopic>,
        call: Option<usize>,
        written: Written,
        sender: oneshot::Sender<Result<(Delivered, Arc<str>)>>,
        seen: Arc<AtomicBool>,
    ) -> crate::workers::producer::Report {
        let (session, topic): (Weak<Self>, Weak<SessionTopic>) =
            (Arc::downgrade(self), Arc::downgrade(topic));
        Box::new(move |result| {
            let Some(session) = session.upgrade() else { return };
            if let Some(topic) = topic.upgrade() {
                // Not under the next lock: a judge that reads the journal asks what was sent.
                let read = session.journal.len();
                topic.calls.settle(call, &result, read);
                let mut sent = lock(&topic.sent);
                if let Ok(delivered) = &result {
                    let at = (delivered.partition, delivered.offset);
                    let acked = Acked { entry: read, is_bare: written.ce_id.is_none() };
                    sent.acked.insert(at, acked);
                    sent.last = Some(LastAck { partition: at.0, offset: at.1, at: Instant::now() });
                    if let Some(ce_id) = written.ce_id {
                        sent.by_ce_id.insert(ce_id, Some(at));
                    }
                }
            }
            session.answer(sender, &seen, result.map(|delivered| (delivered, written.id)));
        })
    }

    /// Hands an answer to whoever waits; a failure that nobody waits for any more is kept for `close`.
    fn answer(
        &self,
        sender: oneshot::Sender<Result<(Delivered, Arc<str>)>>,
        seen: &AtomicBool,
        answer: Result<(Delivered, Arc<str>)>,
    ) {
        if let Err(Err(error)) = sender.send(answer)
            && !seen.load(Ordering::Acquire)
        {
            lock(&self.unseen_failures).push(error);
        }
    }

    /// Makes this session the owner of answers that carry the id (`testId: produced-id`).
    fn own_produced_id(&self, id: &Arc<str>) {
        for topic in self.topics() {
            if topic.directive.correlation.test_id == Source::ProducedId
                && let Some(look) = &topic.look
            {
                look.lane.own_id(look.view, id);
            }
        }
    }

    fn not_acknowledged(&self, topic: &SessionTopic, error: ProbeError) -> ProbeError {
        error.with("topic", &*topic.directive.name).with("test_id", &*self.test_id)
    }

    fn timed_out(&self, topic: &SessionTopic, timeout: Duration) -> ProbeError {
        let message = format!(
            "topic `{}` at cluster `{}` did not acknowledge the event within {timeout:?}",
            topic.directive.name, topic.link.cluster
        );
        let error = ProbeError::new(ErrorCode::TimedOut, message)
            .with("topic", &*topic.directive.name)
            .with("test_id", &*self.test_id)
            .with("delivery", "unknown")
            .hint("it may or may not be in the log");
        match topic.link.broker.last_problem() {
            Some(problem) => error.caused_by(problem),
            None => error,
        }
    }
}

/// Turns what the broker, the schema or the clock refused into a nack.
pub(crate) fn tried(produced: Result<ProducedAck>) -> Result<ProduceResult> {
    match produced {
        Ok(ack) => Ok(ProduceResult::Ack(ack)),
        Err(error) => match error.code().category() {
            Category::Kafka | Category::Schema => Ok(ProduceResult::Nack(error)),
            _ if error.code() == ErrorCode::TimedOut => Ok(ProduceResult::Nack(error)),
            _ => Err(error),
        },
    }
}

/// Milliseconds since the epoch.
pub(crate) fn millis_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
