//! One test: opens its session, asks, produces, and holds every answer against the oracle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use test_probe::{Directives, ErrorCode, Session};
use tokio::time::{Instant, sleep, timeout};

use crate::check::excuse;
use crate::oracle::Looking;
use crate::plan::{SessionPlan, StartPlan, Weather, draw_id};
use crate::record::{Body, Foreign, KINDS, Place, REGIONS};
use crate::stage::{Stage, Trouble, lock};
use crate::verbs::Line;

/// What a call may take beyond its deadline, in virtual time.
pub(crate) const EPSILON: Duration = Duration::from_millis(20);
/// A call that takes this long never ends.
pub(crate) const HANG: Duration = Duration::from_secs(300);

/// An open session with what is known of its topics.
pub(crate) struct Open {
    pub(crate) session: Session,
    pub(crate) index: usize,
    /// By topic; of those that it consumes.
    pub(crate) looking: BTreeMap<String, Arc<Looking>>,
    /// Of those that it may produce to.
    pub(crate) producing: Vec<String>,
    pub(crate) closed: AtomicBool,
    pub(crate) closed_at: Mutex<Option<Instant>>,
    /// What was refused for certain: it must never be in the log.
    pub(crate) refused: Mutex<Vec<(String, String)>>,
    /// What was acknowledged: topic, partition, offset, serial.
    pub(crate) acked: Mutex<Vec<(String, i32, i64, String)>>,
}

/// Runs a session's whole life; returns it when it is still open at the end.
pub(crate) async fn run(stage: Arc<Stage>, index: usize, mut rng: Rng) -> Option<Arc<Open>> {
    let plan = &stage.plan.sessions[index];
    sleep(plan.opens_after).await;
    let mut open = None;
    for _ in 0..3 {
        open = self::open(&stage, plan, &mut rng).await;
        if open.is_some() {
            break;
        }
        sleep(Duration::from_millis(rng.u64(1..300))).await;
    }
    let open = Arc::new(open?);
    let mut lines = Vec::new();
    for number in 0..plan.lines {
        let line = Line::new(stage.clone(), open.clone(), number, rng.fork());
        lines.push(tokio::spawn(line.run(plan.verbs)));
    }
    if plan.closes {
        sleep(Duration::from_millis(rng.u64(0..4_000))).await;
        close(&stage, &open).await;
    }
    for line in lines {
        if let Err(error) = line.await {
            stage.violate("8 panic", format_args!("a line of {} panicked: {error}", plan.test_id));
        }
    }
    (!open.closed.load(Ordering::Relaxed)).then_some(open)
}

async fn open(stage: &Arc<Stage>, plan: &SessionPlan, rng: &mut Rng) -> Option<Open> {
    let clock = stage.sim.clock();
    let mut early = BTreeSet::new();
    for topic in &plan.topics {
        if topic.start == StartPlan::Latest && rng.bool() {
            early.extend(plant(stage, &plan.test_id, &topic.topic, rng));
        }
    }
    let before = Instant::now();
    let ids: BTreeMap<_, _> =
        plan.topics.iter().map(|topic| (topic.topic.clone(), stage.sim.topic_ids(&topic.topic))).collect();
    let directives = Directives { topics: plan.topics.iter().map(|topic| topic.directive(clock)).collect() };
    stage.note(format_args!("{} opens {:?}", plan.test_id, plan.topics));
    let opening = stage.probe.open_session_as(directives, Some(plan.test_id.clone()));
    let Ok(opened) = timeout(HANG, opening).await else {
        stage.violate("8 hang", format_args!("open_session of {} never ended", plan.test_id));
        return None;
    };
    let after = Instant::now();
    if after - before > stage.probe.config().dsl.blocking_timeout + EPSILON {
        stage.violate("8 late", format_args!("open_session took {:?}", after - before));
    }
    let mut looking = BTreeMap::new();
    for topic in &plan.topics {
        let ids_now = stage.sim.topic_ids(&topic.topic);
        let ids_before = &ids[&topic.topic];
        let changed = |trouble: &Trouble| match trouble {
            Trouble::TopicGone { topic: of } | Trouble::TopicMade { topic: of } => *of == topic.topic,
            _ => false,
        };
        let patience = before.checked_sub(Duration::from_millis(100)).unwrap_or(before);
        let look = Looking {
            session: plan.index,
            test_id: plan.test_id.clone(),
            plan: topic.clone(),
            before,
            after,
            ids_before: ids_before.len(),
            steady: *ids_before == ids_now
                && stage.sim.topic(&topic.topic).is_some()
                && !stage.happened(patience, changed),
            early: early.clone(),
            ready: Mutex::default(),
            handed: Mutex::default(),
            from_time: if let StartPlan::Timestamp(ago) = topic.start { Some(clock - ago) } else { None },
        };
        if opened.is_err() || topic.role.consumes() {
            looking.insert(topic.topic.clone(), Arc::new(look));
        }
    }
    let session = match opened {
        Ok(session) => session,
        Err(error) => {
            stage.count("not opened");
            stage.note(format_args!("{} not opened: {} {}", plan.test_id, error.code(), error.message()));
            refused_opening(stage, plan, &looking, &error);
            return None;
        }
    };
    stage.count("opened");
    stage.note(format_args!("{} is open", plan.test_id));
    for look in looking.values() {
        if rng.bool() {
            lock(&look.ready).extend(plant(stage, &plan.test_id, &look.plan.topic, rng));
        }
    }
    Some(Open {
        session,
        index: plan.index,
        looking,
        producing: plan.topics.iter().filter(|t| t.role.produces()).map(|t| t.topic.clone()).collect(),
        closed: AtomicBool::new(false),
        closed_at: Mutex::default(),
        refused: Mutex::default(),
        acked: Mutex::default(),
    })
}

fn refused_opening(
    stage: &Stage,
    plan: &SessionPlan,
    looking: &BTreeMap<String, Arc<Looking>>,
    error: &test_probe::ProbeError,
) {
    let by_offset = plan.topics.iter().any(|topic| matches!(topic.start, StartPlan::Offset(_)));
    if error.code() == ErrorCode::InvalidArgument && by_offset {
        return;
    }
    let named = error.context().get("topic").and_then(|topic| topic.as_str());
    let look = looking.values().find(|look| Some(&*look.plan.topic) == named).or(looking.values().next());
    if let Some(look) = look {
        excuse(stage, look, &format!("{} opening", plan.test_id), error);
    }
}

/// Appends a record for a session at this very moment; returns its serial.
pub(crate) fn plant(stage: &Stage, test_id: &str, topic: &str, rng: &mut Rng) -> Option<String> {
    let (_, partitions) = stage.sim.topic(topic)?;
    let serial = stage.serial();
    let both = [Place::CloudEvent, Place::Foreign].map(|place| (place, test_id.to_owned()));
    let foreign = Foreign {
        serial,
        owners: both.to_vec(),
        id: draw_id(rng),
        kind: KINDS[rng.usize(0..KINDS.len())],
        region: REGIONS[rng.usize(0..REGIONS.len())],
        body: Body::Number(rng.i64(0..3)),
    };
    let partition = rng.i32(0..partitions);
    let at = stage.sim.append(topic, partition, foreign.to_record());
    stage.note(format_args!("planted {topic}/{partition} {at:?} {foreign:?}"));
    at.map(|_| format!("f{serial}"))
}

async fn close(stage: &Stage, open: &Open) {
    let began = Instant::now();
    open.closed.store(true, Ordering::Relaxed);
    *lock(&open.closed_at) = Some(began);
    let test_id = open.session.test_id();
    stage.note(format_args!("{test_id} closes"));
    let Ok(closed) = timeout(HANG, open.session.close()).await else {
        return stage.violate("8 hang", format_args!("close of {test_id} never ended"));
    };
    if began.elapsed() > EPSILON {
        stage.violate("8 late", format_args!("close took {:?}", began.elapsed()));
    }
    if let Err(error) = closed
        && (error.code() != ErrorCode::ProduceFailed || stage.plan.weather == Weather::Calm)
    {
        stage.violate("9 close", format_args!("{test_id}: {} {}", error.code(), error.message()));
    }
}
