//! The invariants of a verdict, asserted in the moment in which it is given.

use std::collections::BTreeSet;

use serde_json::Value;
use test_probe::broker::Isolation;
use test_probe::broker::simulated::TxnState;
use test_probe::operation::Verb;
use test_probe::{Category, ErrorCode, ProbeError, ReceivedEvent, Result, Verdict};
use tokio::time::Instant;

use crate::oracle::{After, Looking, Question, Range, Witness};
use crate::plan::Weather;
use crate::record::{Answer, Truth, Wanted, truths};
use crate::stage::{Stage, Trouble, lock};

/// A verdict and everything that was asked.
pub(crate) struct Check<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) looking: &'a Looking,
    pub(crate) verb: Verb,
    pub(crate) wanted: &'a Wanted,
    pub(crate) after: &'a After,
    pub(crate) deadline: Instant,
    pub(crate) label: &'a str,
}

impl Check<'_> {
    pub(crate) fn verdict(&self, verdict: &Result<Verdict>) {
        match verdict {
            Ok(verdict) if self.verb == Verb::None => self.absent(Some(verdict)),
            Ok(verdict) => {
                self.passed(verdict);
                if let Verb::Exactly(_) = self.verb {
                    self.exactly(Some(verdict), verdict.events.len());
                    self.proof(verdict);
                }
            }
            Err(error) => self.error(error),
        }
    }

    fn violate(&self, rule: &str, line: &str) {
        self.stage.violate(rule, format_args!("{}: {line}", self.label));
    }

    /// 1 and 5: what passed is in the log, this test's, in range, matching, visible.
    fn passed(&self, verdict: &Verdict) {
        let wanted = if let Verb::Receive(n) | Verb::Exactly(n) = self.verb { n } else { 1 };
        if verdict.events.len() != wanted {
            self.violate("1 false pass", &format!("{} events for {wanted}", verdict.events.len()));
        }
        for (event, own) in verdict.events.iter().zip(&verdict.own) {
            let Some(truth) = self.truth(event) else { continue };
            let answer = self.wanted.answer(&truth, self.looking.session);
            let own_known = !self.looking.plan.bare;
            if answer != Answer::Yes && (own_known || self.wanted.own.is_none()) {
                self.violate("1 false pass", &format!("{answer:?} by {}", truth.describe()));
            }
            if own_known && *own != (truth.own_of == Some(self.looking.session)) {
                self.violate("1 own", &format!("own {own} of {}", truth.describe()));
            }
            if !self.verb.is_of_a_window() && !self.looking.plan.filter.admits(&truth) {
                self.violate("1 filters", &truth.describe());
            }
            if matches!(self.verb, Verb::Receive(_))
                && !lock(&self.looking.handed).insert(truth.serial.clone())
            {
                self.violate("7 handed out twice", &truth.describe());
            }
        }
    }

    /// 1 and 2: what must count was counted, and what may make a difference is a doubt.
    fn exactly(&self, verdict: Option<&Verdict>, found: usize) {
        let counted: BTreeSet<&str> = verdict
            .iter()
            .flat_map(|verdict| &verdict.events)
            .filter_map(|event| event.headers.text(crate::record::SERIAL))
            .collect();
        let (rule, mut due) = if verdict.is_some() { ("1 false pass", 0) } else { ("2 false fail", 0) };
        for witness in self.question().witnesses(self.stage) {
            match &witness {
                Witness::Match(truth) if verdict.is_none() || counted.contains(&*truth.serial) => {
                    due += 1;
                    if due > found {
                        self.violate(rule, &format!("{found} were counted, and {}", witness.describe()));
                    }
                }
                _ => self.violate(rule, &witness.describe()),
            }
        }
        if verdict.is_some_and(|verdict| counted.len() != verdict.events.len()) {
            self.violate(rule, "an event was counted twice");
        }
    }

    /// Returns how many records may count.
    fn possible(&self) -> usize {
        let may = |truth: &Truth| {
            self.looking.is_mine(truth)
                && self.wanted.answer(truth, self.looking.session) == Answer::Yes
                && self.looking.looks_at(self.stage, truth, self.after) != Range::Not
        };
        truths(&self.stage.sim, &self.looking.plan.topic).iter().filter(|truth| may(truth)).count()
    }

    fn question(&self) -> Question<'_> {
        Question {
            looking: self.looking,
            wanted: self.wanted,
            after: self.after,
            deadline: self.deadline,
            filtered: !self.verb.is_of_a_window(),
            unattributed: !matches!(self.verb, Verb::Receive(_)),
        }
    }

    /// Returns the record that an event was made of, checked to be one that may count.
    pub(crate) fn truth(&self, event: &ReceivedEvent) -> Option<Truth> {
        let Some(truth) = find(self.stage, self.looking, event) else {
            self.violate("1 false pass", &format!("no such record: {}/{}", event.partition, event.offset));
            return None;
        };
        self.counts(&truth, "1 false pass");
        Some(truth)
    }

    fn counts(&self, truth: &Truth, rule: &str) {
        if !self.looking.is_mine(truth) {
            self.violate("5 mixed", &truth.describe());
        }
        if !truth.logged.meant_for(self.looking.plan.isolation) {
            self.violate(rule, &format!("not visible: {}", truth.describe()));
        }
        if self.looking.looks_at(self.stage, truth, self.after) == Range::Not {
            self.violate(rule, &format!("before {}: {}", self.after.describe(), truth.describe()));
        }
    }

    /// 1 and 2: nothing that must count was there at the deadline.
    fn absent(&self, verdict: Option<&Verdict>) {
        let mut witnesses = self.question().witnesses(self.stage);
        if let Verb::Receive(n) = self.verb {
            let handed = lock(&self.looking.handed);
            let fresh = |witness: &crate::oracle::Witness| matches!(witness, crate::oracle::Witness::Match(truth) if !handed.contains(&truth.serial));
            witnesses.retain(fresh);
            if witnesses.len() < n {
                return;
            }
        }
        let rule = if verdict.is_some() { "1 false pass" } else { "2 false fail" };
        if let Some(witness) = witnesses.first() {
            self.violate(rule, &witness.describe());
        }
        if let Some(verdict) = verdict {
            self.proof(verdict);
        }
    }

    /// 10: the ends are true, and the reader got there.
    fn proof(&self, verdict: &Verdict) {
        let id = verdict.coverage.topic_id.as_deref();
        for truth in truths(&self.stage.sim, &self.looking.plan.topic) {
            let logged = &truth.logged;
            if id != Some(&*logged.topic_id.0.to_string())
                || logged.appended >= self.deadline
                || logged.gone.is_some()
            {
                continue;
            }
            let end = verdict.coverage.partitions.get(&truth.partition).and_then(|partition| partition.end);
            if end.is_none_or(|end| end <= logged.offset) {
                self.violate("10 end", &format!("{end:?} is not behind {}", truth.describe()));
            }
        }
        for (partition, read) in &verdict.coverage.partitions {
            if read.end.is_none_or(|end| read.next < end) {
                self.violate("10 covered", &format!("partition {partition} {read:?}"));
            }
        }
    }

    pub(crate) fn error(&self, error: &ProbeError) {
        match error.code() {
            ErrorCode::ExpectationTimeout if !self.verb.is_of_a_window() => self.absent(None),
            ErrorCode::UnexpectedEvent if self.verb == Verb::None => {
                let Some(truth) = self.named(error, &["finding", "event"]) else { return };
                self.counts(&truth, "2 false fail");
                let known = !self.looking.plan.bare || self.wanted.own.is_none();
                if known && self.wanted.answer(&truth, self.looking.session) != Answer::Yes {
                    self.violate("2 false fail", &truth.describe());
                }
            }
            ErrorCode::WrongCount if matches!(self.verb, Verb::Exactly(_)) => {
                let finding = error.context().get("finding").unwrap_or(&Value::Null);
                let found = finding["found"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
                let known = !self.looking.plan.bare || self.wanted.own.is_none();
                if known && found > self.possible() {
                    self.violate("2 false fail", &format!("{found} of {} possible", self.possible()));
                }
                if finding.get("event").is_none() {
                    return self.exactly(None, found);
                }
                let Some(truth) = self.named(error, &["finding", "event"]) else { return };
                self.counts(&truth, "2 false fail");
                if known && self.wanted.answer(&truth, self.looking.session) != Answer::Yes {
                    self.violate("2 false fail", &truth.describe());
                }
            }
            ErrorCode::Undecodable => {
                let Some(truth) = self.named(error, &["finding", "event"]) else { return };
                self.counts(&truth, "11 unjustified");
                if self.wanted.answer(&truth, self.looking.session) != Answer::Unknown {
                    self.violate("11 unjustified", &truth.describe());
                }
            }
            ErrorCode::NotAttributable => {
                let Some(truth) = self.named(error, &["finding", "event"]) else { return };
                let attributed = truth.owner(self.looking.plan.place).is_some();
                let known = !self.looking.plan.bare || self.wanted.own.is_none();
                let excluded = self.wanted.answer(&truth, self.looking.session) == Answer::No && known;
                let before = self.looking.looks_at(self.stage, &truth, self.after) == Range::Not
                    && !self.stage.truncated(&self.looking.plan.topic, truth.partition);
                if attributed || excluded || before || self.looking.plan.ignore_unattributed {
                    self.violate("11 unjustified", &format!("not attributable: {}", truth.describe()));
                }
            }
            ErrorCode::ReadGap => {
                // A start in the past may ask for what was gone long ago.
                let is_late = self.looking.plan.start == crate::plan::StartPlan::Latest;
                let since = if is_late { self.looking.before } else { self.stage.began };
                if !self.stage.losses(&self.looking.plan.topic, since) {
                    self.violate("11 unjustified", &format!("nothing was lost: {}", error.message()));
                }
            }
            ErrorCode::NotCovered => {
                if !self.may_be_uncovered() {
                    self.violate("11 unjustified", &format!("not covered: {}", error.message()));
                }
            }
            _ => excuse(self.stage, self.looking, self.label, error),
        }
    }

    fn named(&self, error: &ProbeError, path: &[&'static str]) -> Option<Truth> {
        let mut place = error.context().get(path[0]).unwrap_or(&Value::Null);
        for step in &path[1..] {
            place = &place[*step];
        }
        let (partition, offset) = (place["partition"].as_i64(), place["offset"].as_i64());
        let serial = place["headers"].as_array().and_then(|headers| {
            headers.iter().find(|header| header[0] == crate::record::SERIAL)?[1].as_str()
        });
        let found = truths(&self.stage.sim, &self.looking.plan.topic).into_iter().find(|truth| {
            Some(i64::from(truth.partition)) == partition
                && Some(truth.logged.offset) == offset
                && Some(&*truth.serial) == serial
        });
        if found.is_none() {
            self.violate("2 false fail", &format!("no such record: {place}"));
        }
        found
    }

    /// 11: without faults only an open transaction, or a topic that is not there, stands in the way.
    fn may_be_uncovered(&self) -> bool {
        let (stage, topic) = (self.stage, &self.looking.plan.topic);
        if stage.plan.weather == Weather::Wild {
            return true;
        }
        let open = |truth: &Truth| {
            matches!(truth.logged.txn, TxnState::Open(_))
                || truth.logged.decided.is_some_and(|decided| decided >= self.deadline)
        };
        let open_transaction = self.looking.plan.isolation == Isolation::ReadCommitted
            && truths(&stage.sim, topic).iter().any(open);
        open_transaction || stage.sim.topic(topic).is_none() || stage.losses(topic, self.looking.before)
    }
}

pub(crate) fn find(stage: &Stage, looking: &Looking, event: &ReceivedEvent) -> Option<Truth> {
    let serial = event.headers.text(crate::record::SERIAL)?.to_owned();
    truths(&stage.sim, &looking.plan.topic).into_iter().find(|truth| {
        truth.partition == event.partition && truth.logged.offset == event.offset && truth.serial == serial
    })
}

/// 2 and 9: any other error is one that the world brought about.
pub(crate) fn excuse(stage: &Stage, looking: &Looking, label: &str, error: &ProbeError) {
    let principal = looking.plan.principal;
    let since = stage.began;
    let excused = match error.code() {
        ErrorCode::NotAuthorized => {
            stage.happened(since, |t| matches!(t, Trouble::Denied { principal: p } if *p == principal))
        }
        ErrorCode::ConsumeFailed => {
            stage.happened(since, |t| matches!(t, Trouble::ReadersFailed { principal: p } if *p == principal))
        }
        ErrorCode::Panic => stage.happened(since, |t| matches!(t, Trouble::Panicked { .. })),
        ErrorCode::UnknownTopic => {
            let gone = |t: &Trouble| matches!(t, Trouble::TopicGone { topic } | Trouble::TopicMade { topic } if *topic == looking.plan.topic);
            stage.sim.topic(&looking.plan.topic).is_none() || stage.happened(since, gone)
        }
        ErrorCode::SessionClosed => stage.plan.sessions[looking.session].closes,
        ErrorCode::BrokerUnreachable | ErrorCode::TimedOut => stage.plan.weather >= Weather::Wild,
        ErrorCode::ProduceFailed | ErrorCode::MessageTooLarge => stage.plan.weather == Weather::Wild,
        _ => false,
    };
    if !excused || error.code().category() == Category::Expectation {
        stage.violate("2 untyped", format_args!("{label}: {} {}", error.code(), error.message()));
    }
}
