//! One test as the engine knows it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, RwLock};

use tokio::time::Instant;

use crate::broker::BoxFuture;
use crate::codec::Reading;
use crate::completion::lock;
use crate::directive::{Directives, TopicDirective};
use crate::engine::calls::Calls;
use crate::engine::fish::Catch;
use crate::engine::outbox::Outbox;
use crate::engine::produce::{millis_now, tried};
use crate::engine::schemas::TopicSchemas;
use crate::engine::{Preflight, Probe, ProbeInner, open};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::event::{ConsumedNack, ConsumedResult, Event, ProduceResult, ProducedAck, ReceivedEvent};
use crate::journal::Journal;
use crate::matcher::Mark;
use crate::operation::{Operation, Outcome};
use crate::registry::not_registered;
use crate::runtime::{Signal, Task};
use crate::verdict::Coverage;
use crate::workers::commits::Committer;
use crate::workers::lane::Lane;
use crate::workers::link::Link;
use crate::workers::view::ViewKey;

/// A session: one test, its topics, its journal. Cheap to clone; it closes with its last clone, or
/// explicitly, which also tells of produced events that failed unseen.
#[derive(Clone)]
pub struct Session(pub(crate) Arc<SessionInner>);

pub(crate) struct SessionInner {
    pub(crate) probe: Arc<ProbeInner>,
    pub(crate) test_id: Arc<str>,
    /// W3C trace context of the whole session.
    pub(crate) traceparent: String,
    topics: RwLock<BTreeMap<Arc<str>, Arc<SessionTopic>>>,
    pub(crate) journal: Arc<Journal>,
    /// One per cluster that positions are committed on.
    pub(crate) committers: Mutex<Vec<(Arc<Link>, Arc<Committer>)>>,
    pub(crate) closed: Signal,
    /// Produced events that failed while nobody waited for them any more.
    pub(crate) unseen_failures: Mutex<Vec<ProbeError>>,
}

/// One topic of a session.
pub(crate) struct SessionTopic {
    pub(crate) directive: Arc<TopicDirective>,
    pub(crate) reading: Arc<Reading>,
    pub(crate) link: Arc<Link>,
    /// Where its schemas come from, when it has any.
    pub(crate) schemas: Option<TopicSchemas>,
    /// Where a consumer looks.
    pub(crate) look: Option<Look>,
    /// Reads what awaits a schema anew when it comes.
    pub(crate) _mending: Option<Task>,
    pub(crate) outbox: Outbox,
    pub(crate) sent: Mutex<Sent>,
    /// The same call by call, to verify its delivery.
    pub(crate) calls: Calls,
    /// The first journal entry that `receive_event` has not handed out.
    pub(crate) received: Mutex<usize>,
}

/// A session's view of a lane; ends with the session.
pub(crate) struct Look {
    pub(crate) lane: Arc<Lane>,
    pub(crate) view: ViewKey,
    /// The generation of the topic when the session began to look.
    pub(crate) generation: u32,
    /// When the session began to look, milliseconds since the epoch.
    pub(crate) opened_at: i64,
    _catch_up: Option<Task>,
}

impl Look {
    pub(crate) fn new(lane: Arc<Lane>, view: ViewKey, generation: u32, catch_up: Option<Task>) -> Self {
        Self { lane, view, generation, opened_at: millis_now(), _catch_up: catch_up }
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.lane.unregister(self.view);
    }
}

/// What a session sent to a topic, to know its own events again.
#[derive(Default)]
pub(crate) struct Sent {
    /// By `ce_id`: where it was acknowledged, or `None` while it was not.
    pub(crate) by_ce_id: HashMap<String, Option<(i32, i64)>>,
    /// By acknowledged position.
    pub(crate) acked: HashMap<(i32, i64), Acked>,
    /// The last acknowledgement.
    pub(crate) last: Option<LastAck>,
}

/// Where an event was acknowledged, and when the acknowledgement came.
#[derive(Clone, Copy)]
pub(crate) struct LastAck {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) at: Instant,
}

impl Sent {
    /// Returns whether nothing was sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_ce_id.is_empty() && self.acked.is_empty()
    }
}

/// An event that was acknowledged.
pub(crate) struct Acked {
    /// How long the journal was at that moment.
    pub(crate) entry: usize,
    /// It carries no `ce_id` to know it by.
    pub(crate) is_bare: bool,
}

impl SessionTopic {
    /// Returns whether this session produced the event. By position once it is acknowledged, by
    /// `ce_id` until then.
    pub(crate) fn is_own(&self, event: &ReceivedEvent) -> bool {
        let (sent, ce_id) = (lock(&self.sent), event.headers.text("ce_id"));
        // In a log that was truncated, or created anew, somebody else's record may lie there now.
        let at = (event.partition, event.offset);
        match ce_id.and_then(|id| sent.by_ce_id.get(id)) {
            Some(acked) => acked.is_none_or(|acked| acked == at),
            None => sent.acked.get(&at).is_some_and(|acked| acked.is_bare),
        }
    }

    pub(crate) fn look(&self, test_id: &str) -> Result<&Look> {
        self.look.as_ref().ok_or_else(|| not_registered(test_id, &self.directive.name, "consumer"))
    }
}

impl SessionInner {
    pub(crate) fn new(probe: Arc<ProbeInner>, test_id: Arc<str>) -> Self {
        let limit = probe.config.limits.journal_events_per_session;
        let (trace, span) = (uuid::Uuid::new_v4().as_u128(), uuid::Uuid::new_v4().as_u64_pair().0);
        Self {
            probe,
            test_id,
            traceparent: format!("00-{trace:032x}-{span:016x}-01"),
            topics: RwLock::default(),
            journal: Arc::new(Journal::new(limit)),
            committers: Mutex::default(),
            closed: Signal::default(),
            unseen_failures: Mutex::default(),
        }
    }

    /// Fails once the session or its probe is closed, and in a forked child.
    pub(crate) fn check(&self) -> Result<()> {
        self.probe.check()?;
        self.closed.check()
    }

    pub(crate) fn topic(&self, name: &str, role: &str) -> Result<Arc<SessionTopic>> {
        self.check()?;
        let topics = self.topics.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        topics.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = topics.keys().map(|name| &**name).collect();
            let error = not_registered(&self.test_id, name, role);
            if known.is_empty() {
                error
            } else {
                error.hint(format!("the session's topics are {}", known.join(", ")))
            }
        })
    }

    pub(crate) fn topics(&self) -> Vec<Arc<SessionTopic>> {
        self.topics.read().unwrap_or_else(std::sync::PoisonError::into_inner).values().cloned().collect()
    }

    pub(crate) fn add(&self, topics: Vec<SessionTopic>) {
        let mut all = self.topics.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.extend(topics.into_iter().map(|topic| (topic.directive.name.clone(), Arc::new(topic))));
    }

    /// Lets go of everything; whoever waits gets the reason.
    pub(crate) fn detach(&self, reason: &ProbeError) -> bool {
        let first = self.closed.raise(reason.clone());
        self.probe.registry.unregister(&self.test_id, self);
        lock(&self.committers).clear();
        self.topics.write().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
        first
    }
}

impl Drop for SessionInner {
    fn drop(&mut self) {
        self.probe.registry.unregister(&self.test_id, self);
    }
}

impl Session {
    /// Returns the test id.
    #[must_use]
    pub fn test_id(&self) -> &str {
        &self.0.test_id
    }

    /// Returns the probe.
    #[must_use]
    pub fn probe(&self) -> Probe {
        Probe(self.0.probe.clone())
    }

    /// Fails once the session or its probe is closed, and in a forked child. Every verb calls it.
    pub fn check(&self) -> Result<()> {
        self.0.check()
    }

    /// Returns headers for a REST trigger, by which a service can carry the test on.
    #[must_use]
    pub fn trace_headers(&self) -> Vec<(String, String)> {
        vec![
            ("traceparent".to_owned(), self.0.traceparent.clone()),
            ("ce_testid".to_owned(), self.0.test_id.to_string()),
        ]
    }

    /// Runs any verb, given as data: what every binding calls. An event is handed to the client before
    /// this returns, so that events go out in the order of these calls.
    pub fn run(&self, operation: Operation) -> BoxFuture<'static, Result<Outcome>> {
        let session = self.clone();
        match operation {
            Operation::Produce { topic, event, timeout } => {
                let begun = self.0.begin_produce(&topic, *event, timeout);
                Box::pin(async move { session.0.acknowledged(begun?).await.map(Outcome::Produced) })
            }
            Operation::TryProduce { topic, event, timeout } => {
                let begun = self.0.begin_produce(&topic, *event, timeout);
                let produced = async move { session.0.acknowledged(begun?).await };
                Box::pin(async move { tried(produced.await).map(Outcome::Tried) })
            }
            Operation::Expect(expectation) => {
                Box::pin(async move { session.0.expect(expectation).await.map(Outcome::Verdict) })
            }
            Operation::Fish(expectation) => {
                Box::pin(async move { session.0.fish(expectation).await.map(Catch::into_outcome) })
            }
            Operation::FishOn { fishing, answers } => {
                Box::pin(async move { session.0.fish_on(*fishing, answers).await.map(Catch::into_outcome) })
            }
            Operation::CaughtUp { group, topic, within, hint } => Box::pin(async move {
                session.0.caught_up(&group, &topic, within, hint).await.map(Outcome::Verdict)
            }),
            Operation::Verify { topic, verification, within } => Box::pin(async move {
                session.0.verify_delivery(&topic, *verification, within).await.map(Outcome::Verdict)
            }),
            Operation::Preflight => {
                Box::pin(async move { session.preflight().await.map(Outcome::Preflight) })
            }
            Operation::Mark => Box::pin(async move { session.mark().await.map(Outcome::Mark) }),
            Operation::AddTopics(directives) => {
                Box::pin(async move { session.add_topics(directives).await.map(|()| Outcome::Done) })
            }
            Operation::Close => Box::pin(async move { session.close().await.map(|()| Outcome::Done) }),
            Operation::Fetch { topic, id } => {
                ready(self.fetch_consumed_event(&topic, &id).map(Outcome::Consumed))
            }
            Operation::FetchAll { topic, id } => {
                let events = self.fetch_consumed_events(&topic, &id);
                ready(events.and_then(|events| self.0.with_own(&topic, events)).map(Outcome::Events))
            }
            Operation::Journal { topic } => {
                let events = self.journal(&topic);
                ready(events.and_then(|events| self.0.with_own(&topic, events)).map(Outcome::Events))
            }
            Operation::Coverage { topic } => ready(self.coverage(&topic).map(Outcome::Coverage)),
        }
    }

    /// Returns whether this session produced the event.
    #[must_use]
    pub fn is_own(&self, event: &ReceivedEvent) -> bool {
        self.0.topic(&event.topic, "consumer").is_ok_and(|topic| topic.is_own(event))
    }

    /// Produces an event and returns the broker's acknowledgement. Errors: ACTOR_NOT_REGISTERED,
    /// ENCODE_FAILED, PRODUCE_FAILED and its kin, TIMED_OUT with `delivery: unknown` after the ask timeout.
    pub async fn produce_event(&self, topic: &str, event: Event) -> Result<ProducedAck> {
        self.0.produce(topic, event, None).await
    }

    /// Produces an event and returns what became of it; errors only for a call that cannot be made.
    pub async fn try_produce_event(&self, topic: &str, event: Event) -> Result<ProduceResult> {
        self.0.try_produce(topic, event, None).await
    }

    /// Returns the first consumed event of an id, or why there is none. Immediate, repeatable, never
    /// destructive.
    pub fn fetch_consumed_event(&self, topic: &str, id: &str) -> Result<ConsumedResult> {
        let topic = self.0.topic(topic, "consumer")?;
        let look = topic.look(&self.0.test_id)?;
        let name = &topic.directive.name;
        let found = self.0.journal.read(0, |entries| {
            let of_id = || {
                entries.iter().filter(|entry| {
                    entry.event.topic == *name && entry.event.envelope.id.as_deref() == Some(id)
                })
            };
            let good = of_id().find(|entry| entry.kept && entry.event.error().is_none());
            good.or_else(|| of_id().find(|entry| entry.kept)).or_else(|| of_id().next()).cloned()
        });
        let nack = match found {
            Some(entry) if entry.kept => match entry.event.error() {
                None => return Ok(ConsumedResult::Ack(entry.event)),
                Some(error) => ConsumedNack::Undecodable(error.clone()),
            },
            Some(_) => ConsumedNack::FilteredOut,
            None => match look.lane.failed.raised() {
                Some(cause) => ConsumedNack::WorkerFailed(cause),
                None => ConsumedNack::NotSeenYet,
            },
        };
        Ok(ConsumedResult::Nack(nack))
    }

    /// Returns every consumed event of an id in journal order.
    pub fn fetch_consumed_events(&self, topic: &str, id: &str) -> Result<Vec<Arc<ReceivedEvent>>> {
        let events = self.journal(topic)?;
        let of_id =
            |event: &Arc<ReceivedEvent>| event.envelope.id.as_deref() == Some(id) && event.error().is_none();
        Ok(events.into_iter().filter(of_id).collect())
    }

    /// Takes a mark: the end of every partition of every consumed topic, now.
    pub async fn mark(&self) -> Result<Mark> {
        self.0.mark().await
    }

    /// Returns the journal of a topic: every event that its eventFilters let in, undecodable ones with
    /// their error, in the order in which they were read.
    pub fn journal(&self, topic: &str) -> Result<Vec<Arc<ReceivedEvent>>> {
        let topic = self.0.topic(topic, "consumer")?;
        topic.look(&self.0.test_id)?;
        let name = &topic.directive.name;
        let kept = |entries: &[crate::journal::Entry]| {
            let of_topic = entries.iter().filter(|entry| entry.kept && entry.event.topic == *name);
            of_topic.map(|entry| entry.event.clone()).collect()
        };
        Ok(self.0.journal.read(0, kept))
    }

    /// Returns how far a topic was read for this session.
    pub fn coverage(&self, topic: &str) -> Result<Coverage> {
        let topic = self.0.topic(topic, "consumer")?;
        let look = topic.look(&self.0.test_id)?;
        Ok(look.lane.coverage(look.view))
    }

    /// Looks at what the schemas of the session need, before the first event: the registry answers and lets this
    /// principal in, subjects are there, a schema that the test brings along may follow the registered ones, a
    /// sample is written and read back. What fails is a finding; the error is that of a closed session.
    pub async fn preflight(&self) -> Result<Preflight> {
        self.preflight_with(&BTreeMap::new()).await
    }

    /// Does what [`Session::preflight`] does, and looks at events of the test besides, by the names of their topics: is
    /// what has a schema written, and read back as what it was? Nothing is registered and nothing sent.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a topic that has no schema, and those of [`Session::preflight`].
    pub async fn preflight_with(&self, samples: &BTreeMap<String, Vec<Event>>) -> Result<Preflight> {
        tokio::select! {
            biased;
            reason = self.0.closed.wait() => Err(reason),
            report = self.0.preflight(samples) => report,
        }
    }

    /// Adds topics to the session; ready when it returns.
    pub async fn add_topics(&self, directives: Directives) -> Result<()> {
        self.0.check()?;
        let added = tokio::select! {
            biased;
            reason = self.0.closed.wait() => return Err(reason),
            added = open::add_topics(&self.0, directives) => added?,
        };
        self.0.check()?;
        self.0.add(added);
        Ok(())
    }

    /// Closes the session; idempotent. Errors: PRODUCE_FAILED when an event that nobody waited for any
    /// more was not acknowledged.
    pub async fn close(&self) -> Result<()> {
        let reason =
            ProbeError::new(ErrorCode::SessionClosed, format!("session `{}` was closed", self.test_id()))
                .with("test_id", self.test_id());
        if !self.0.detach(&reason) {
            return Ok(());
        }
        let failures = std::mem::take(&mut *lock(&self.0.unseen_failures));
        match failures.into_iter().next() {
            None => Ok(()),
            Some(first) => Err(ProbeError::new(
                ErrorCode::ProduceFailed,
                "an event that nobody waited for was not acknowledged",
            )
            .with("test_id", self.test_id())
            .hint("wait for what `produce_event` returns")
            .caused_by(first)),
        }
    }
}

/// An answer that needs no waiting.
fn ready(answer: Result<Outcome>) -> BoxFuture<'static, Result<Outcome>> {
    Box::pin(std::future::ready(answer))
}

impl SessionInner {
    fn with_own(
        &self,
        topic: &str,
        events: Vec<Arc<ReceivedEvent>>,
    ) -> Result<Vec<(Arc<ReceivedEvent>, bool)>> {
        let topic = self.topic(topic, "consumer")?;
        Ok(events.into_iter().map(|event| (event.clone(), topic.is_own(&event))).collect())
    }
}
