//! Opening a session: every topic resolved, every partition assigned, every start offset known.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::broker::{Isolation, NewTopic, OffsetSpec};
use crate::codec::{Reading, Scratch, admits, no_registry};
use crate::completion::lock;
use crate::config::CommitPolicy;
use crate::directive::{Directives, Missing, Start, TopicDirective};
use crate::engine::Probe;
use crate::engine::outbox::Outbox;
use crate::engine::schemas::TopicSchemas;
use crate::engine::session::{Look, Session, SessionInner, SessionTopic};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::journal::{Entry, Journal};
use crate::runtime::{Deadline, Task, join_all};
use crate::workers::catch_up::catch_up;
use crate::workers::commits::Committer;
use crate::workers::lane::Lane;
use crate::workers::link::Link;
use crate::workers::pinning::Pinned;
use crate::workers::undecodable::Undecodable;
use crate::workers::view::View;

const RETRY: Duration = Duration::from_millis(10);

/// Opens a session; nothing stays open after an error.
pub(crate) async fn open(probe: Probe, directives: Directives, test_id: Option<String>) -> Result<Session> {
    let test_id = checked_test_id(test_id)?;
    let session = Arc::new(SessionInner::new(probe.0.clone(), test_id));
    probe.0.registry.register(&session, probe.0.config.limits.sessions)?;
    let topics = add_topics(&session, directives).await?;
    session.add(topics);
    Ok(Session(session))
}

fn checked_test_id(test_id: Option<String>) -> Result<Arc<str>> {
    let Some(test_id) = test_id else { return Ok(uuid::Uuid::new_v4().to_string().into()) };
    if (1..=128).contains(&test_id.len()) && test_id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(test_id.into());
    }
    Err(ProbeError::new(
        ErrorCode::InvalidArgument,
        format!("`{}` was not a test id", test_id.escape_debug()),
    )
    .hint("a test id is 1 to 128 visible ASCII characters"))
}

/// Makes topics ready for a session, side by side.
pub(crate) async fn add_topics(
    session: &Arc<SessionInner>,
    directives: Directives,
) -> Result<Vec<SessionTopic>> {
    let names: Vec<String> = session
        .topics()
        .iter()
        .map(|topic| topic.directive.name.to_string())
        .chain(directives.topics.iter().map(|directive| directive.name.to_string()))
        .collect();
    crate::directive::validate_uniqueness(&names)?;
    let by = Deadline::after(session.probe.scaled(session.probe.config.dsl.blocking_timeout));
    let opening = directives.topics.into_iter().map(|directive| {
        let session = session.clone();
        async move { open_topic(&session, Arc::new(directive), by).await }
    });
    join_all(opening.collect()).await.into_iter().collect()
}

async fn open_topic(
    session: &Arc<SessionInner>,
    directive: Arc<TopicDirective>,
    by: Deadline,
) -> Result<SessionTopic> {
    let runtime = session.probe.runtime.handle();
    let link = session.probe.clusters.get_or_create(&session.probe.config, &directive, &runtime)?;
    let schemas = open_schemas(session, &directive, by).await?;
    let reading = match &schemas {
        Some(schemas) => schemas.reading(&directive),
        None => Reading::new(&directive),
    };
    let reading = Arc::new(reading);
    let opened = Opening { session, directive: &directive, reading: &reading, link: &link, by }.run().await;
    let look = opened.map_err(|error| {
        link.unreachable(error, &format!("topic `{}` was opened", directive.topic), by)
            .with("topic", &*directive.name)
    })?;
    let mending = schemas.as_ref().zip(look.as_ref()).map(|(schemas, look)| {
        let task = mend(
            schemas.registry.settled(),
            look.lane.clone(),
            session.journal.clone(),
            directive.clone(),
            reading.clone(),
            link.undecodable.clone(),
        );
        Task::spawn(&runtime, task)
    });
    Ok(SessionTopic {
        reading,
        directive,
        link,
        schemas,
        look,
        _mending: mending,
        outbox: Outbox::default(),
        sent: Default::default(),
        calls: Default::default(),
        received: Default::default(),
    })
}

/// Returns the schemas of a topic of which key or value has one.
async fn open_schemas(
    session: &Arc<SessionInner>,
    directive: &TopicDirective,
    by: Deadline,
) -> Result<Option<TopicSchemas>> {
    let Some(format) = directive.format_with_schema() else { return Ok(None) };
    let runtime = session.probe.runtime.handle();
    let registry = session.probe.clusters.registry(&session.probe.config, directive, &runtime)?;
    let (registry, config) = registry.ok_or_else(|| no_registry(format).with("topic", &*directive.name))?;
    let opened = TopicSchemas::open(registry, &config, directive, by).await;
    opened.map(Some).map_err(|error| error.with("topic", &*directive.name))
}

/// Reads what awaits a schema anew, whenever something may have changed about it.
async fn mend(
    mut settled: watch::Receiver<u64>,
    lane: Arc<Lane>,
    journal: Arc<Journal>,
    directive: Arc<TopicDirective>,
    reading: Arc<Reading>,
    undecodable: Arc<Undecodable>,
) {
    let (mut awaiting, mut ownerless) = (journal.watch_awaiting(), lane.watch_ownerless());
    let mut scratch = Scratch::default();
    loop {
        lane.find_owners(&mut scratch);
        journal.mend(&directive.name, |event| {
            let event = reading.read_again(event, &mut Scratch::default());
            let kept = admits(&directive.event_filters, &event);
            undecodable.note(&directive.topic, &event);
            Entry { event: Arc::new(event), kept }
        });
        let changed = tokio::select! {
            changed = settled.changed() => changed,
            changed = awaiting.changed() => changed,
            changed = ownerless.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
    }
}

struct Opening<'a> {
    session: &'a Arc<SessionInner>,
    directive: &'a Arc<TopicDirective>,
    reading: &'a Arc<Reading>,
    link: &'a Arc<Link>,
    by: Deadline,
}

impl Opening<'_> {
    async fn run(&self) -> Result<Option<Look>> {
        let lane = self.link.visit(&self.directive.topic, self.directive.isolation)?;
        if !self.directive.role.consumes() {
            // Not read: only resolved, so that a typing error shows now.
            self.resolve(&lane).await?;
            return Ok(None);
        }
        if self.directive.create.is_some() && lane.state().id.is_none() {
            self.resolve(&lane).await?;
        }
        loop {
            if lane.pin(self.by).await? == Pinned::Missing && !self.accept_missing(&lane).await? {
                continue;
            }
            if let Some(look) = self.register(&lane).await? {
                return Ok(Some(look));
            }
        }
    }

    /// Sees to it that the topic exists, as the directive wants it.
    async fn resolve(&self, lane: &Lane) -> Result<()> {
        loop {
            if lane.describe(self.by).await?.is_some() || self.accept_missing(lane).await? {
                return Ok(());
            }
        }
    }

    /// Returns whether the session can go on without the topic; `false` means to look again.
    async fn accept_missing(&self, lane: &Lane) -> Result<bool> {
        if let Some(create) = &self.directive.create {
            let topic = NewTopic {
                topic: self.directive.topic.to_string(),
                partitions: create.partitions,
                replication_factor: create.replication_factor,
                config: create.config.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            };
            lane.broker.create_topic(topic, self.by).await?;
            // The brokers learn of a new topic one after the other.
            while lane.describe(self.by).await?.is_none() {
                if self.by.passed() {
                    return Err(self.unknown());
                }
                tokio::time::sleep(RETRY).await;
            }
            return Ok(false);
        }
        if self.directive.missing == Missing::Wait {
            lane.state().awaited = true;
            return Ok(true);
        }
        Err(self.unknown())
    }

    fn unknown(&self) -> ProbeError {
        let (topic, cluster) = (&self.directive.topic, &self.link.cluster);
        ProbeError::new(
            ErrorCode::UnknownTopic,
            format!("topic `{topic}` does not exist on cluster `{cluster}`"),
        )
        .with("cluster", cluster.as_str())
        .hint("create it, say how under `create:`, or set `missing: wait` when the system under test does")
    }

    /// Goes on when a topic that was read is not there any more: creates it, or waits for it as long
    /// as opening may take. What others saw of it is not forgotten before it is known to be another.
    async fn accept_deleted(&self, lane: &Lane) -> Result<Option<Look>> {
        if self.accept_missing(lane).await? {
            if self.by.left() <= RETRY * 2 {
                return Err(self.unknown());
            }
            tokio::time::sleep(RETRY).await;
        }
        Ok(None)
    }

    /// Registers the session's view; `None` when the topic changed under it.
    async fn register(&self, lane: &Arc<Lane>) -> Result<Option<Look>> {
        let (generation, pinned, read) = {
            let state = lane.state();
            (state.generation, state.id.is_some(), state.nexts())
        };
        let (starts, mut follows_end) = match self.starts(lane, pinned).await {
            Err(error) if error.code() == ErrorCode::UnknownTopic && !self.by.passed() => Default::default(),
            starts => starts?,
        };
        if pinned {
            // The offsets are those of the pinned topic only if it is still the same after them.
            let found = lane.describe(self.by).await?;
            if found.is_none() {
                return self.accept_deleted(lane).await;
            }
            if starts.is_empty() {
                // It is there, and not everywhere yet.
                tokio::time::sleep(RETRY).await;
                return Ok(None);
            }
            if !lane.refresh(found, self.by).await? {
                return Ok(None);
            }
        }
        // Where the end lies below what was read already, the log was truncated: the lane will not
        // pass there, and what comes there is new.
        follows_end.retain(|partition| {
            let read = usize::try_from(*partition).ok().and_then(|index| read.get(index));
            read.is_none_or(|read| starts.get(partition).is_some_and(|start| start >= read))
        });
        let view = View::new(
            self.directive.clone(),
            self.session.test_id.clone(),
            self.reading.clone(),
            self.session.journal.clone(),
            self.link.undecodable.clone(),
            self.committer(),
            starts,
        );
        let follows_end = |partition| follows_end.contains(&partition);
        let Some((key, behind)) = lane.register(view, generation, &follows_end) else { return Ok(None) };
        let runtime = self.session.probe.runtime.handle();
        let task = behind.then(|| Task::spawn(&runtime, catch_up(lane.clone(), key)));
        Ok(Some(Look::new(lane.clone(), key, generation, task)))
    }

    /// Returns the start offset of each partition, and which of them mean "the end, now".
    async fn starts(&self, lane: &Lane, pinned: bool) -> Result<(BTreeMap<i32, i64>, Vec<i32>)> {
        if !pinned {
            return Ok(Default::default());
        }
        let count = i32::try_from(lane.state().tracks.len()).unwrap_or(i32::MAX);
        let all: Vec<i32> = (0..count).collect();
        let list = |spec| lane.list(&all, spec, Isolation::ReadUncommitted, self.by);
        let latest = async || {
            let listed = list(OffsetSpec::Latest).await?;
            Ok::<BTreeMap<i32, i64>, ProbeError>(
                listed.into_iter().map(|(p, at)| (p, at.map_or(0, |at| at.offset))).collect(),
            )
        };
        match &self.directive.start {
            Start::Latest => Ok((latest().await?, all)),
            Start::Earliest => {
                let listed = list(OffsetSpec::Earliest).await?;
                Ok((
                    listed.into_iter().map(|(p, at)| (p, at.map_or(0, |at| at.offset))).collect(),
                    Vec::new(),
                ))
            }
            Start::Timestamp(time) => {
                let (ends, found) = (latest().await?, list(OffsetSpec::Timestamp(*time)).await?);
                let mut at_end = Vec::new();
                let mut starts = ends;
                for (partition, listed) in found {
                    match listed {
                        Some(listed) => drop(starts.insert(partition, listed.offset)),
                        None => at_end.push(partition),
                    }
                }
                Ok((starts, at_end))
            }
            Start::Offsets(offsets) => {
                if let Some(partition) = offsets.keys().find(|partition| **partition >= count) {
                    let message =
                        format!("partition {partition} of topic `{}` does not exist", self.directive.topic);
                    return Err(ProbeError::new(ErrorCode::InvalidArgument, message)
                        .hint(format!("the topic has {count} partitions")));
                }
                let mut starts = latest().await?;
                starts.extend(offsets);
                Ok((starts, all.into_iter().filter(|partition| !offsets.contains_key(partition)).collect()))
            }
        }
    }

    /// Returns what commits the session's positions on this cluster, as the policy says.
    fn committer(&self) -> Option<Arc<Committer>> {
        let group = match self.session.probe.config.commit {
            CommitPolicy::Session => format!("test-probe-{}", self.session.test_id),
            CommitPolicy::Probe => "test-probe".to_owned(),
            CommitPolicy::None => return None,
        };
        let mut committers = lock(&self.session.committers);
        if let Some((_, committer)) = committers.iter().find(|(link, _)| Arc::ptr_eq(link, self.link)) {
            return Some(committer.clone());
        }
        let runtime = self.session.probe.runtime.handle();
        let committer = Arc::new(Committer::start(self.link.broker.clone(), group, &runtime));
        committers.push((self.link.clone(), committer.clone()));
        Some(committer)
    }
}
