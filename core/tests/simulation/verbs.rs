//! A line of calls on one session, each held against the oracle.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use test_probe::operation::{Expectation, Verb};
use test_probe::{ConsumedNack, ConsumedResult, ErrorCode, Event, Mark, Payload, ProbeError, Result};
use tokio::time::{Instant, sleep, timeout};

use crate::actor::{EPSILON, HANG, Open, plant};
use crate::check::{Check, excuse};
use crate::oracle::{After, Looking};
use crate::plan::{StartPlan, Weather, draw_id};
use crate::record::{KINDS, OWN, REGION, REGIONS, SERIAL, Wanted, truths};
use crate::stage::{Stage, lock};

pub(crate) struct Line {
    pub(crate) stage: Arc<Stage>,
    pub(crate) open: Arc<Open>,
    number: usize,
    pub(crate) rng: Rng,
    calls: usize,
    marks: Vec<(Mark, After)>,
    /// Topic, the point as the engine is told, the point as we know it.
    points: Vec<(String, test_probe::After, After)>,
}

impl Line {
    pub(crate) fn new(stage: Arc<Stage>, open: Arc<Open>, number: usize, rng: Rng) -> Self {
        Self { stage, open, number, rng, calls: 0, marks: Vec::new(), points: Vec::new() }
    }

    pub(crate) async fn run(mut self, verbs: usize) {
        for _ in 0..verbs {
            sleep(Duration::from_millis(self.rng.u64(0..300))).await;
            if self.open.closed.load(Ordering::Relaxed) {
                return self.after_close().await;
            }
            match self.rng.u8(0..27) {
                0..5 => self.produce().await,
                5..9 => self.expect(Verb::Event).await,
                9..13 => self.expect(Verb::None).await,
                13 | 14 if self.number == 0 => {
                    let n = self.rng.usize(1..=3);
                    self.expect(Verb::Receive(n)).await;
                }
                15 | 16 => self.mark().await,
                17..20 => {
                    let n = self.rng.usize(1..=3);
                    self.expect(Verb::Exactly(n)).await;
                }
                20..23 => self.all_of().await,
                23 | 24 => self.fish().await,
                25 => self.caught_up().await,
                _ => self.fetch(),
            }
        }
    }

    pub(crate) fn label(&mut self, what: &str) -> String {
        self.calls += 1;
        format!("{} line {} call {} {what}", self.open.session.test_id(), self.number, self.calls)
    }

    /// Waits for a call, and asserts that it ended in time and as a closed session must.
    pub(crate) async fn call<T>(
        &self,
        label: &str,
        limit: Duration,
        future: impl Future<Output = Result<T>>,
    ) -> Option<Result<T>> {
        let began = Instant::now();
        let Ok(result) = timeout(HANG, future).await else {
            self.stage.violate("8 hang", format_args!("{label} never ended"));
            return None;
        };
        if began.elapsed() > limit + EPSILON {
            self.stage.violate("8 late", format_args!("{label} took {:?} of {limit:?}", began.elapsed()));
        }
        let closed_at = *lock(&self.open.closed_at);
        if let Some(closed_at) = closed_at
            && (Instant::now() - closed_at > EPSILON
                || result.as_ref().is_err_and(|error| error.code() != ErrorCode::SessionClosed)
                    && Instant::now() > closed_at)
        {
            let code = result.as_ref().err().map(ProbeError::code);
            self.stage.violate("9 close", format_args!("{label} ended after the close, with {code:?}"));
        }
        Some(result)
    }

    async fn after_close(&mut self) {
        let Some(topic) = self.open.looking.keys().next().cloned() else { return };
        let code = |error: Option<ProbeError>| error.map(|error| error.code());
        let session = &self.open.session;
        let codes = [
            code(session.journal(&topic).err()),
            code(session.mark().await.err()),
            code(session.expect_event(&topic, test_probe::Match::new(), None).await.err()),
            code(session.produce_event(&topic, Event::new("A")).await.err()),
        ];
        if codes.iter().any(|code| *code != Some(ErrorCode::SessionClosed)) {
            self.stage.violate("9 close", format_args!("calls after the close gave {codes:?}"));
        }
    }

    pub(crate) fn any_topic(&mut self) -> Option<Arc<Looking>> {
        self.rng.choice(self.open.looking.values().cloned().collect::<Vec<_>>())
    }

    async fn produce(&mut self) {
        let Some(topic) = self.rng.choice(self.open.producing.clone()) else { return };
        let serial = format!("p{}", self.stage.serial());
        let mut event = Event::new(KINDS[self.rng.usize(0..KINDS.len())])
            .id(draw_id(&mut self.rng))
            .header(REGION, REGIONS[self.rng.usize(0..REGIONS.len())])
            .header(SERIAL, serial.clone())
            .header(OWN, self.open.index.to_string())
            .timestamp(self.stage.sim.clock());
        event.payload = match self.rng.u8(0..12) {
            0 => Payload::Raw("{oops".into()),
            1 => Payload::Null,
            _ => Payload::Json(serde_json::json!({ "n": self.rng.i64(0..3) })),
        };
        event.partition = self.rng.bool().then_some(0);
        let label = self.label(&format!("produce {serial} to {topic}"));
        self.stage.note(format_args!("{label}"));
        let limit = self.stage.probe.config().dsl.ask_timeout;
        let open = self.open.clone();
        let Some(result) = self.call(&label, limit, open.session.produce_event(&topic, event)).await else {
            return;
        };
        let logged = truths(&self.stage.sim, &topic).into_iter().find(|truth| truth.serial == serial);
        self.stage.note(format_args!("{label}: {:?}", result.as_ref().map_err(ProbeError::code)));
        match result {
            Ok(ack) => {
                self.stage.count("acked");
                let at = logged.as_ref().map(|truth| (truth.partition, truth.logged.offset));
                if at != Some((ack.partition, ack.offset)) {
                    self.stage.violate("6 ack", format_args!("{label}: {ack:?} and in the log {at:?}"));
                }
                lock(&self.open.acked).push((topic.clone(), ack.partition, ack.offset, serial.clone()));
                if self.open.looking.contains_key(&topic) {
                    let point = After::Position {
                        partition: ack.partition,
                        offset: ack.offset,
                        serial,
                        taken: Instant::now(),
                    };
                    self.points.push((topic, test_probe::After::from(&ack), point));
                }
            }
            Err(error) => {
                self.stage.count(&format!("produce {}", error.code()));
                let delivery = error.context().get("delivery").and_then(|delivery| delivery.as_str());
                match (delivery, logged) {
                    (Some("none"), Some(truth)) => {
                        self.stage
                            .violate("6 nack", format_args!("{label}: in the log {}", truth.describe()));
                    }
                    (Some("none"), None) => lock(&self.open.refused).push((topic.clone(), serial)),
                    (Some("unknown"), _) => {}
                    // A closed session does not know any more; nor is anything sent for what is refused at once.
                    _ if matches!(error.code(), ErrorCode::SessionClosed) => {}
                    (_, Some(truth)) => {
                        self.stage.violate(
                            "6 nack",
                            format_args!(
                                "{label}: {} {error} without a word on delivery, in the log {}",
                                error.code(),
                                truth.describe()
                            ),
                        );
                    }
                    _ => {}
                }
                if self.stage.plan.weather != Weather::Wild {
                    self.excuse(&topic, &label, &error);
                }
            }
        }
    }

    pub(crate) fn excuse(&self, topic: &str, label: &str, error: &ProbeError) {
        let look = self.open.looking.get(topic).or(self.open.looking.values().next());
        if let Some(look) = look {
            excuse(&self.stage, look, label, error);
        }
    }

    async fn mark(&mut self) {
        let Some(looking) = self.any_topic() else { return };
        let label = self.label("mark");
        let limit = self.stage.probe.config().dsl.ask_timeout;
        let test_id = self.open.session.test_id().to_owned();
        let mut early = BTreeSet::new();
        let mut ready = BTreeSet::new();
        if self.rng.bool() {
            early.extend(plant(&self.stage, &test_id, &looking.plan.topic, &mut self.rng));
        }
        let before = Instant::now();
        let open = self.open.clone();
        let Some(result) = self.call(&label, limit, open.session.mark()).await else { return };
        let after = Instant::now();
        match result {
            Ok(mark) => {
                if self.rng.bool() {
                    ready.extend(plant(&self.stage, &test_id, &looking.plan.topic, &mut self.rng));
                }
                self.stage.note(format_args!("{label}: {mark:?}"));
                lock(&looking.ready).extend(ready.iter().cloned());
                self.marks.push((mark, After::Mark { before, after, early, ready }));
            }
            Err(error) => {
                // A mark is of every topic.
                let named = error.context().get("topic").and_then(|topic| topic.as_str()).unwrap_or("");
                let topic = if named.is_empty() { &*looking.plan.topic } else { named };
                self.excuse(topic, &label, &error);
            }
        }
    }

    pub(crate) fn wanted(&mut self, verb: Verb) -> Wanted {
        if matches!(verb, Verb::Receive(_)) {
            return Wanted::default();
        }
        let rng = &mut self.rng;
        Wanted {
            id: (rng.u8(0..3) > 0).then(|| draw_id(rng)),
            kind: (rng.u8(0..3) == 0).then(|| KINDS[rng.usize(0..KINDS.len())]),
            region: (rng.u8(0..6) == 0).then(|| REGIONS[rng.usize(0..REGIONS.len())]),
            number: (rng.u8(0..3) == 0).then(|| rng.i64(0..3)),
            own: (rng.u8(0..5) == 0).then(|| rng.bool()),
        }
    }

    /// Draws a point to look from: as the engine is told, and as we know it.
    pub(crate) fn after(&mut self, topic: &str) -> (test_probe::After, After) {
        if self.rng.u8(0..3) == 0 && !self.marks.is_empty() {
            let (mark, known) = self.marks[self.rng.usize(0..self.marks.len())].clone();
            return (test_probe::After::Mark(mark), known);
        }
        if self.rng.u8(0..3) == 0 {
            let here: Vec<_> = self.points.iter().filter(|point| point.0 == topic).cloned().collect();
            if let Some((_, point, known)) = self.rng.choice(here) {
                return (point, known);
            }
        }
        (test_probe::After::Start, After::Start)
    }

    pub(crate) fn within(&mut self) -> Duration {
        Duration::from_millis(match self.rng.u8(0..4) {
            0 => self.rng.u64(0..30),
            1 => self.rng.u64(600..2500),
            _ => self.rng.u64(30..600),
        })
    }

    async fn expect(&mut self, verb: Verb) {
        let Some(looking) = self.any_topic() else { return };
        let wanted = self.wanted(verb);
        let mut matching = wanted.to_match();
        let mut after = After::Start;
        if !matches!(verb, Verb::Receive(_)) {
            (matching.after, after) = self.after(&looking.plan.topic);
        }
        let within = self.within();
        let topic = looking.plan.topic.clone();
        let label = self.label(&format!("{} on {topic}", verb.name()));
        let deadline = Instant::now() + within;
        self.stage.note(format_args!("{label}: {wanted:?} after {} within {within:?}", after.describe()));
        let grace = self.stage.probe.config().dsl.verdict_grace;
        let expectation = Expectation::of(verb, &topic, matching, Some(within));
        let run = self.open.session.run(test_probe::operation::Operation::Expect(expectation));
        let verdict = async {
            match run.await? {
                test_probe::operation::Outcome::Verdict(verdict) => Ok(verdict),
                other => Err(ProbeError::new(ErrorCode::Internal, format!("{other:?}"))),
            }
        };
        let Some(verdict) = self.call(&label, within + grace, verdict).await else { return };
        self.tell(&label, verb.name(), &verdict);
        let stage = self.stage.clone();
        Check {
            stage: &stage,
            looking: &looking,
            verb,
            wanted: &wanted,
            after: &after,
            deadline,
            label: &label,
        }
        .verdict(&verdict);
        if let Ok(verdict) = verdict
            && let Some(event) = verdict.events.first()
            && let Some(truth) = crate::check::find(&stage, &looking, event)
        {
            let point = After::Position {
                partition: event.partition,
                offset: event.offset,
                serial: truth.serial,
                taken: Instant::now(),
            };
            self.points.push((topic, test_probe::After::from(&**event), point));
        }
    }

    /// Notes and counts what came of an expectation.
    pub(crate) fn tell(&self, label: &str, verb: &str, verdict: &Result<test_probe::Verdict>) {
        let told = match verdict {
            Ok(verdict) => format!(
                "passed {:?}",
                verdict.events.iter().map(|e| (e.partition, e.offset)).collect::<Vec<_>>()
            ),
            Err(error) => {
                // Not the event as a whole: its fresh ids differ from run to run.
                let finding = error.context().get("finding").cloned().unwrap_or_default();
                let at = (&finding["event"]["partition"], &finding["event"]["offset"]);
                format!("{} {} {} {}", error.code(), finding["why"], at.0, at.1)
            }
        };
        self.stage.note(format_args!("{label}: {told}"));
        let kind = verdict.as_ref().map_or_else(|error| error.code().name(), |_| "passed");
        self.stage.count(&format!("{verb} {kind}"));
    }

    fn fetch(&mut self) {
        let Some(looking) = self.any_topic() else { return };
        let (label, id) = (self.label("fetch"), draw_id(&mut self.rng));
        let topic = &looking.plan.topic;
        match self.open.session.fetch_consumed_event(topic, &id) {
            Ok(ConsumedResult::Ack(event)) => {
                let found = crate::check::find(&self.stage, &looking, &event);
                let fits = found.as_ref().is_some_and(|truth| {
                    looking.is_mine(truth)
                        && truth.id.as_deref() == Some(&*id)
                        && looking.plan.filter.admits(truth)
                });
                if !fits {
                    self.stage.violate("5 fetch", format_args!("{label} {id}: {found:?}"));
                }
            }
            Ok(ConsumedResult::Nack(ConsumedNack::WorkerFailed(cause))) => self.excuse(topic, &label, &cause),
            Ok(ConsumedResult::Nack(_)) => {}
            Err(error) => self.excuse(topic, &label, &error),
        }
        crate::finale::journal(&self.stage, &self.open, &looking, &label);
        if looking.plan.start == StartPlan::Latest {
            self.stage.count("fetched");
        }
    }
}
