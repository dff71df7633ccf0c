//! `verify_delivery`: what was sent against what came out, once everything in time was read.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::calls::Call;
use crate::engine::expect::{coverage_of, first_failure};
use crate::engine::records::{Records, Side};
use crate::engine::session::{SessionInner, SessionTopic};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::matcher::{After, Match};
use crate::operation::Verification;
use crate::runtime::Deadline;
use crate::verdict::delivery::{
    Case, DeliveryCheck, Fate, Judged, Maybe, Pairing, Place, Sent, Unknown, judge,
};
use crate::verdict::{Coverage, Doubt, Evidence, Expected, Finding, Funnel, Verdict, Verified, Warning};
use crate::workers::fence::{Ends, NoFence};

/// How long nobody looks again for each event that was looked at: that keeps the cost of all looks linear.
const PAUSE_PER_EVENT: Duration = Duration::from_micros(2);

impl SessionInner {
    /// Waits for the verdict; ends with the session or a worker if they end first.
    pub(crate) async fn verify_delivery(
        self: &Arc<Self>,
        topic: &str,
        verification: Verification,
        within: Option<Duration>,
    ) -> Result<Verdict> {
        verification.check(topic, within)?;
        let topic = self.topic(topic, "producer")?;
        let output =
            verification.output.as_deref().map(|output| self.topic(output, "consumer")).transpose()?;
        let verifying = Verifying::new(self, &topic, output.as_ref(), verification, within)?;
        tokio::select! {
            biased;
            reason = self.closed.wait() => Err(reason),
            verdict = verifying.run() => verdict,
        }
    }
}

/// A verification with everything that does not change while it waits.
struct Verifying<'a> {
    session: &'a Arc<SessionInner>,
    /// The topic of the sending.
    topic: &'a SessionTopic,
    /// What came out.
    out: Side<'a>,
    /// What came in, where that is another topic that the session reads.
    input: Option<Side<'a>>,
    verification: Verification,
    checks: std::collections::BTreeSet<DeliveryCheck>,
    window: Duration,
}

/// What was read up to the ends that were asked for.
struct Fence {
    out: Result<Ends, Doubt>,
    /// What went in and is due lies below these.
    due: Option<Result<Ends, Doubt>>,
    /// Everything that can have brought forth what came out lies below these.
    input: Option<Result<Ends, Doubt>>,
    /// Nothing that comes later is in time.
    is_over: bool,
    asked: Instant,
}

/// Everything that is known at one moment.
struct Facts {
    calls: Vec<Call>,
    out: Records,
    input: Option<Records>,
}

impl<'a> Verifying<'a> {
    fn new(
        session: &'a Arc<SessionInner>,
        topic: &'a Arc<SessionTopic>,
        output: Option<&'a Arc<SessionTopic>>,
        verification: Verification,
        within: Option<Duration>,
    ) -> Result<Self> {
        let window = within.unwrap_or(session.probe.config.dsl.within);
        let window = if verification.is_of_a_window() { window } else { session.probe.scaled(window) };
        let (out, input) = match output {
            None => (Side::new(session, topic, verification.matching.clone())?, None),
            Some(output) => {
                let out = Side::new(session, output, verification.matching.clone())?;
                let after = verification.matching.after.clone();
                let input = match &topic.look {
                    Some(_) => Some(Side::new(session, topic, Match::new().after(after))?),
                    None if after == After::Start => None,
                    None => {
                        let name = &topic.directive.name;
                        let message =
                            format!("`after` was given, and topic `{name}` is not read by this session");
                        return Err(ProbeError::new(ErrorCode::InvalidArgument, message)
                            .hint("give the topic the role both"));
                    }
                };
                (out, input)
            }
        };
        let checks = verification.checks();
        Ok(Self { session, topic, out, input, verification, checks, window })
    }

    async fn run(&self) -> Result<Verdict> {
        let deadline = Deadline::after(self.window);
        let mut journal = self.session.journal.watch();
        let mut calls = self.topic.calls.watch();
        let sides = self.input.iter().chain([&self.out]);
        let mut failed = pin!(first_failure(sides.map(|side| side.look)));
        let mut tried = 0;
        while !deadline.passed() {
            journal.borrow_and_update();
            calls.borrow_and_update();
            let facts = self.facts(None)?;
            let judged = self.judge(&facts, None);
            if judged.wrong.is_some() || judged.suspects > tried {
                // So that the report is of everything that is there by now.
                let fence = self.fence(Instant::now(), false).await?;
                let facts = self.facts(Some(&fence))?;
                let now = self.judge(&facts, Some(&fence));
                if now.wrong.is_some() {
                    return self.verdict(now, &facts, Some(&fence));
                }
                if judged.wrong.is_some() {
                    return self.verdict(judged, &facts, None);
                }
                tried = judged.suspects;
            } else if !self.verification.is_of_a_window() && judged.outstanding == 0 {
                match judged.unknown {
                    None => return self.verdict(judged, &facts, None),
                    Some(Unknown::UnreadSent) => {
                        // Everything came of what was read of the input; was that all of it?
                        let fence = self.fence(Instant::now(), false).await?;
                        let facts = self.facts(Some(&fence))?;
                        let now = self.judge(&facts, Some(&fence));
                        if now.wrong.is_none() && now.unknown.is_none() && now.outstanding == 0 {
                            return self.verdict(now, &facts, Some(&fence));
                        }
                    }
                    Some(_) => {}
                }
            }
            let pause = PAUSE_PER_EVENT * u32::try_from(facts.len()).unwrap_or(u32::MAX);
            let changed = async {
                tokio::select! {
                    changed = journal.changed() => drop(changed),
                    changed = calls.changed() => drop(changed),
                }
                tokio::time::sleep(pause).await;
            };
            tokio::select! {
                biased;
                cause = &mut failed => return Err(cause),
                () = tokio::time::sleep_until(deadline.instant()) => {}
                () = changed => {}
            }
        }
        let fence = self.fence(deadline.instant(), true).await?;
        let facts = self.facts(Some(&fence))?;
        let judged = self.judge(&facts, Some(&fence));
        self.verdict(judged, &facts, Some(&fence))
    }

    /// Reads everything that is there at `not_before` or later.
    async fn fence(&self, not_before: Instant, is_over: bool) -> Result<Fence> {
        let grace = self.session.probe.scaled(self.session.probe.config.dsl.verdict_grace);
        let by = Deadline::at(not_before.max(Instant::now()) + grace);
        let mut fence =
            Fence { out: Ok(Ends::known(0, Vec::new())), due: None, input: None, is_over, asked: not_before };
        // What is due went in before the ends of the output were asked for, and what came out before
        // those ends came of something that went in before the last ends of the input.
        if let Some(input) = self.input.as_ref().filter(|_| is_over) {
            fence.due = Some(read_to_end(input, not_before, by).await?);
        }
        let asked = if self.input.is_some() { Instant::now().max(not_before) } else { not_before };
        fence.out = read_to_end(&self.out, asked, by).await?;
        if let Some(input) = &self.input {
            fence.input = Some(read_to_end(input, Instant::now(), by).await?);
        }
        let topics: Vec<&SessionTopic> =
            self.input.iter().chain([&self.out]).map(|side| side.topic).collect();
        self.session.settle(&topics, by).await;
        Ok(fence)
    }

    fn facts(&self, fence: Option<&Fence>) -> Result<Facts> {
        self.session.journal.check()?;
        let ends = fence.and_then(|fence| fence.out.as_ref().ok());
        let known = fence.and_then(|fence| fence.input.as_ref()?.as_ref().ok());
        let out = self.out.records(self.session, ends, true);
        let input = self.input.as_ref().map(|input| input.records(self.session, known, false));
        // Calls last: whatever was read of them is then known to have been sent.
        Ok(Facts { calls: self.topic.calls.all()?, out, input })
    }

    fn judge(&self, facts: &Facts, fence: Option<&Fence>) -> Judged {
        let sent = match (&self.verification.output, &facts.input) {
            (None, _) => self.sent_to_the_log(facts, fence),
            (Some(_), input) => self.sent_in(facts, input.as_ref(), fence),
        };
        let input = facts.input.as_ref();
        let seen = facts.out.seen();
        let maybe_seen = facts.out.maybe();
        let maybe_sent: Vec<Maybe<'_>> = input.map(Records::maybe).unwrap_or_default();
        let is_read = |ends: Option<&Result<Ends, Doubt>>| ends.is_some_and(Result::is_ok);
        judge(&Case {
            pairing: if self.verification.output.is_some() { Pairing::ById } else { Pairing::SameLog },
            checks: &self.checks,
            sent: &sent,
            seen: &seen,
            maybe_seen: &maybe_seen,
            holes: &facts.out.holes(),
            maybe_sent: &maybe_sent,
            all_sent: input.is_none_or(|input| {
                let fence = fence.filter(|fence| fence.due.as_ref().is_none_or(Result::is_ok));
                input.is_whole() && is_read(fence.and_then(|fence| fence.input.as_ref()))
            }),
            all_seen: fence.is_some_and(|fence| fence.out.is_ok()),
            is_over: fence.is_some_and(|fence| fence.is_over),
        })
    }

    /// Returns the calls, against the log to which they were made.
    fn sent_to_the_log<'f>(&self, facts: &'f Facts, fence: Option<&Fence>) -> Vec<Sent<'f>> {
        let ends = fence.and_then(|fence| fence.out.as_ref().ok());
        let of = |(number, call): (usize, &'f Call)| {
            let fate = call.fate.unwrap_or(Fate::Unknown);
            let place = fate.place();
            let counts = place.is_none_or(|at| self.out.looks_at(at, call.entry));
            // One that was acknowledged before the ends were asked for and lies behind them is gone.
            let is_known = fence.is_none_or(|fence| call.settled.is_some_and(|at| at <= fence.asked));
            let is_below = |at: Place| {
                let end = ends.and_then(|ends| ends.of(at.partition));
                end.is_some_and(|end| at.offset < end)
            };
            Sent {
                order: Some((0, i64::try_from(number).unwrap_or(i64::MAX))),
                counts,
                due: counts && place.is_some_and(|at| is_known || is_below(at)),
                ..sent(call, fate)
            }
        };
        facts.calls.iter().enumerate().map(of).collect()
    }

    /// Returns what came in: what was read of the input, and the calls that were not.
    fn sent_in<'f>(
        &self,
        facts: &'f Facts,
        input: Option<&'f Records>,
        fence: Option<&Fence>,
    ) -> Vec<Sent<'f>> {
        let due = fence.and_then(|fence| fence.due.as_ref());
        let by = fence.map(|fence| fence.asked);
        let mut all: Vec<Sent<'f>> = Vec::new();
        let mut read = std::collections::HashSet::new();
        if let Some(input) = input {
            for (seen, event) in input.seen().into_iter().zip(input.events()) {
                read.insert(seen.at);
                let is_due = match due {
                    Some(Ok(ends)) => ends.hold(event),
                    Some(Err(_)) => false,
                    None => true,
                };
                all.push(Sent {
                    id: seen.id,
                    mark: seen.mark,
                    key: seen.key,
                    fate: Fate::Acknowledged(seen.at),
                    pending: false,
                    counts: seen.counts,
                    due: seen.counts && is_due,
                    order: Some((seen.at.partition, seen.at.offset)),
                });
            }
        }
        let marks: std::collections::HashSet<&str> = all.iter().filter_map(|sent| sent.mark).collect();
        let mut unread = Vec::new();
        for call in &facts.calls {
            let fate = call.fate.unwrap_or(Fate::Unknown);
            let is_read = match (&call.ce_id, fate.place()) {
                (Some(ce_id), _) => marks.contains(&**ce_id),
                (None, Some(at)) => read.contains(&at),
                (None, None) => false,
            };
            if is_read {
                continue;
            }
            let place = fate.place();
            let counts = match (place, &self.input) {
                (Some(at), Some(input)) => input.looks_at(at, call.entry),
                (Some(_), None) | (None, _) => true,
            };
            let is_in_time = by.is_none_or(|by| call.settled.is_some_and(|at| at <= by));
            unread.push(Sent {
                counts,
                due: counts && place.is_some() && is_in_time,
                order: place.map(|at| (at.partition, at.offset)),
                ..sent(call, fate)
            });
        }
        all.extend(unread);
        all
    }

    fn verdict(&self, judged: Judged, facts: &Facts, fence: Option<&Fence>) -> Result<Verdict> {
        if let Some(worst) = judged.wrong {
            return Err(self.explain(Finding::Misdelivered(worst), judged, fence));
        }
        let Some(unknown) = judged.unknown else { return Ok(self.passed(judged, fence)) };
        let unread = |ends: Option<&Result<Ends, Doubt>>| ends.and_then(|ends| ends.as_ref().err().cloned());
        let of_input = || {
            let input = facts.input.as_ref()?;
            let due = fence.and_then(|fence| fence.due.as_ref());
            let ends = fence.and_then(|fence| fence.input.as_ref());
            unread(due).or_else(|| unread(ends)).or_else(|| input.doubt_of_hole(0))
        };
        let doubt = match unknown {
            Unknown::Unread => unread(fence.map(|fence| &fence.out)),
            Unknown::Hole(number) => facts.out.doubt_of_hole(number),
            Unknown::MaybeSeen(number) => facts.out.doubt_of_maybe(number),
            Unknown::UnreadSent => of_input(),
            Unknown::MaybeSent(number) => facts.input.as_ref().and_then(|input| input.doubt_of_maybe(number)),
        };
        let doubt = doubt.unwrap_or_else(|| Doubt::NotCovered {
            partition: None,
            why: "the deadline passed before its end was known".to_owned(),
        });
        Err(self.explain(Finding::Doubtful(doubt), judged, fence))
    }

    /// Returns how far was read: the topic of the sending, and the output where that is another.
    fn coverage(&self, fence: Option<&Fence>) -> (Coverage, Option<Coverage>) {
        let of = |side: &Side<'_>, ends: Option<&Result<Ends, Doubt>>| {
            coverage_of(side.look, ends.and_then(|ends| ends.as_ref().ok()))
        };
        let out = of(&self.out, fence.map(|fence| &fence.out));
        match (&self.verification.output, &self.input) {
            (None, _) => (out, None),
            (Some(_), None) => (Coverage::default(), Some(out)),
            (Some(_), Some(input)) => (of(input, fence.and_then(|fence| fence.input.as_ref())), Some(out)),
        }
    }

    fn passed(&self, judged: Judged, fence: Option<&Fence>) -> Verdict {
        let (coverage, other) = self.coverage(fence);
        let remarks = judged.report.remarks(&self.topic.directive.name);
        Verdict {
            events: Vec::new(),
            own: Vec::new(),
            coverage,
            other_topics: other
                .into_iter()
                .map(|read| (self.out.topic.directive.name.clone(), read))
                .collect(),
            warnings: remarks.into_iter().map(|(code, message)| Warning { code, message }).collect(),
            delivery: Some(Box::new(judged.report)),
        }
    }

    fn explain(&self, finding: Finding, judged: Judged, fence: Option<&Fence>) -> ProbeError {
        let silent = matches!(&finding, Finding::Doubtful(Doubt::NotCovered { .. }));
        let (coverage, other) = self.coverage(fence);
        let mut hints = Vec::new();
        if let Finding::Misdelivered(_) = &finding {
            let remarks = judged.report.remarks(&self.topic.directive.name);
            hints.extend(remarks.into_iter().map(|(_, remark)| remark));
        }
        let verified = Verified {
            output: self.verification.output.as_ref().map(|_| self.out.topic.directive.name.clone()),
            checks: self.checks.clone(),
            matching: self.verification.matching.clone(),
            report: judged.report,
        };
        let evidence = Evidence {
            verb: "verify_delivery",
            topic: self.topic.directive.name.clone(),
            expected: Expected::Delivery(Box::new(verified)),
            within: self.window,
            finding,
            own: None,
            funnel: Funnel::default(),
            misses: Vec::new(),
            hints,
            notes: Vec::new(),
            coverage,
            other_topics: other
                .into_iter()
                .map(|read| (self.out.topic.directive.name.clone(), read))
                .collect(),
            problem: if silent { self.out.topic.link.broker.last_problem() } else { None },
        };
        evidence.into_error().with("test_id", &*self.session.test_id)
    }
}

impl Facts {
    fn len(&self) -> usize {
        self.calls.len() + self.out.len() + self.input.as_ref().map_or(0, Records::len)
    }
}

fn sent(call: &Call, fate: Fate) -> Sent<'_> {
    Sent {
        id: Some(&call.id),
        mark: call.ce_id.as_deref(),
        key: call.key.as_deref(),
        fate,
        pending: call.fate.is_none(),
        counts: true,
        due: false,
        order: None,
    }
}

/// Reads a topic to the ends that it has at `not_before` or later.
async fn read_to_end(side: &Side<'_>, not_before: Instant, by: Deadline) -> Result<Result<Ends, Doubt>> {
    let look = side.look;
    let read = async {
        let ends = look.lane.ends(not_before, by).await?;
        look.lane.covered(look.view, &ends, by).await?;
        Ok(ends)
    };
    match read.await {
        Ok(ends) => Ok(Ok(ends)),
        Err(NoFence::Doubt(doubt)) => Ok(Err(doubt)),
        Err(NoFence::Failed(cause)) => Err(cause),
    }
}
