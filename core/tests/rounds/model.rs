//! The log as the model knows it, and which verdicts are true of it.

use test_probe::{ErrorCode, ProbeError, ReceivedEvent, Result, Verdict};

use crate::plan::{Asked, By, Plan, Record, Value, Verb};

/// The header by which a record of the log is known again.
pub(crate) const SERIAL: &str = "serial";

/// A record that was written.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) record: Record,
    pub(crate) serial: usize,
    /// It lies where the expectation looks.
    pub(crate) is_in_range: bool,
    /// It was acknowledged before the deadline, for sure; else nobody knows.
    pub(crate) is_in_time: bool,
    /// An open transaction keeps a reader of committed records from it.
    pub(crate) is_behind_open: bool,
}

/// What a record is to the expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    /// It might be one; a verdict that needs to know is in doubt.
    Perhaps(ErrorCode),
    No,
}

/// One round as it was played.
pub(crate) struct Model<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) log: &'a [Written],
}

/// What was counted of the log, for one match.
#[derive(Default)]
struct Count {
    /// Serials of what must count, and of what may.
    sure: Vec<usize>,
    maybe: Vec<usize>,
    /// Serials of what is in doubt for sure, and of what may be.
    doubtful: Vec<(usize, ErrorCode)>,
}

impl Model<'_> {
    /// Returns what is wrong with a verdict.
    pub(crate) fn judge(&self, verdict: &Result<Verdict>) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Ok(verdict) = verdict {
            self.check_events(verdict, &mut wrong);
        }
        let counts: Vec<Count> = self.plan.verb.asked().iter().map(|asked| self.count(asked)).collect();
        let allowed = self.allowed(&counts);
        let found = verdict.as_ref().map_or_else(|error| Some(error.code()), |_| None);
        if !allowed.contains(&found) {
            let told = verdict.as_ref().map_or_else(ProbeError::to_string, |verdict| format!("{verdict:?}"));
            wrong.push(format!("{found:?} is not in {allowed:?} (None is a pass): {told}"));
        }
        wrong
    }

    /// What passed is in the log, this test's, in range, and meets the match.
    fn check_events(&self, verdict: &Verdict, wrong: &mut Vec<String>) {
        let asked = self.plan.verb.asked();
        let mut seen = Vec::new();
        for (place, (event, own)) in verdict.events.iter().zip(&verdict.own).enumerate() {
            let Some(written) = self.written(event) else {
                wrong.push(format!("no such record: {event:?}"));
                continue;
            };
            let asked = asked.get(place).filter(|_| asked.len() > 1).unwrap_or(&asked[0]);
            if self.answer(written, asked) != Answer::Yes || !written.is_in_range {
                wrong.push(format!("it does not count: {written:?}"));
            }
            if *own != (written.record.by == By::Own) {
                wrong.push(format!("own was {own}: {written:?}"));
            }
            if seen.contains(&written.serial) {
                wrong.push(format!("it was counted twice: {written:?}"));
            }
            seen.push(written.serial);
        }
    }

    fn written(&self, event: &ReceivedEvent) -> Option<&Written> {
        let serial: usize = event.headers.text(SERIAL)?.parse().ok()?;
        self.log.iter().find(|written| written.serial == serial)
    }

    /// Returns what a record that was read is to a match.
    fn answer(&self, written: &Written, asked: &Asked) -> Answer {
        let record = &written.record;
        let is_visible = match record.by {
            By::Aborted | By::Open => self.plan.is_uncommitted,
            By::Own | By::Stranger | By::Carried | By::Nobody | By::Committed => true,
        };
        let is_kept = !self.plan.is_filtered || record.kind == 'A' || self.plan.verb.is_of_a_window();
        let is_receiving = matches!(self.plan.verb, Verb::Receive(_));
        let meets = asked.kind.is_none_or(|kind| kind == record.kind)
            && asked.id.is_none_or(|id| id == record.id)
            && asked.key.is_none_or(|key| key == record.key)
            && asked.own.is_none_or(|own| own == (record.by == By::Own));
        if !is_visible || !is_kept || !meets || record.by == By::Stranger {
            return Answer::No;
        }
        let is_broken = record.value == Value::Broken;
        let has_number = asked.number.is_none_or(|number| record.value == Value::Number(number));
        match record.by {
            By::Nobody if self.plan.ignores_nobody || is_receiving => Answer::No,
            By::Nobody if is_broken || has_number => Answer::Perhaps(ErrorCode::NotAttributable),
            By::Nobody => Answer::No,
            _ if is_broken => Answer::Perhaps(ErrorCode::Undecodable),
            _ if has_number => Answer::Yes,
            _ => Answer::No,
        }
    }

    fn count(&self, asked: &Asked) -> Count {
        let mut count = Count::default();
        for written in self.log.iter().filter(|written| written.is_in_range) {
            match self.answer(written, asked) {
                // What nobody can reach is no event yet.
                _ if written.is_behind_open => {}
                Answer::Yes if written.is_in_time => count.sure.push(written.serial),
                Answer::Yes => count.maybe.push(written.serial),
                Answer::Perhaps(code) => count.doubtful.push((written.serial, code)),
                Answer::No => {}
            }
        }
        count
    }

    /// Returns the verdicts that are true: an error code each, `None` for a pass.
    fn allowed(&self, counts: &[Count]) -> Vec<Option<ErrorCode>> {
        let first = &counts[0];
        let (sure, most) = (first.sure.len(), first.sure.len() + first.maybe.len());
        // What must not be there decides at once; what is missing only when nothing is in doubt.
        let mut allowed = match &self.plan.verb {
            Verb::Event(_) if sure > 0 => return vec![None],
            Verb::None(_) if sure > 0 => return vec![Some(ErrorCode::UnexpectedEvent)],
            Verb::Exactly(n, _) if sure > *n => return vec![Some(self.too_many(*n))],
            Verb::Receive(n) if sure >= *n => return vec![None],
            Verb::BothOf(..) if served(&counts[0].sure, &counts[1].sure) => return vec![None],
            Verb::Event(_) if most > 0 => vec![None],
            Verb::None(_) if most > 0 => vec![Some(ErrorCode::UnexpectedEvent)],
            Verb::Exactly(n, _) if most > *n => vec![Some(self.too_many(*n))],
            Verb::Receive(n) if most >= *n => vec![None],
            Verb::BothOf(..) if served(&all(&counts[0]), &all(&counts[1])) => vec![None],
            _ => Vec::new(),
        };
        allowed.extend(self.undecided(counts, sure, most));
        allowed
    }

    fn too_many(&self, n: usize) -> ErrorCode {
        if n == 0 { ErrorCode::UnexpectedEvent } else { ErrorCode::WrongCount }
    }

    /// Returns what is true where nothing that came decides.
    fn undecided(&self, counts: &[Count], sure: usize, most: usize) -> Vec<Option<ErrorCode>> {
        if self.log.iter().any(|written| written.record.by == By::Open) && !self.plan.is_uncommitted {
            return vec![Some(ErrorCode::NotCovered)];
        }
        let certain = match &self.plan.verb {
            Verb::Event(_) | Verb::Receive(_) | Verb::BothOf(..) => vec![Some(ErrorCode::ExpectationTimeout)],
            Verb::None(_) => vec![None],
            Verb::Exactly(n, _) if sure == *n && most == *n => vec![None],
            Verb::Exactly(n, _) if most < *n => vec![Some(ErrorCode::WrongCount)],
            Verb::Exactly(..) => vec![None, Some(ErrorCode::WrongCount)],
        };
        let mut doubts: Vec<(usize, ErrorCode)> =
            counts.iter().flat_map(|count| count.doubtful.clone()).collect();
        if let Verb::BothOf(..) = self.plan.verb {
            let with = |count: &Count| {
                let doubtful = count.doubtful.iter().map(|(serial, _)| *serial);
                all(count).into_iter().chain(doubtful).collect::<Vec<usize>>()
            };
            if !served(&with(&counts[0]), &with(&counts[1])) {
                doubts.clear();
            }
        }
        let is_in_time = |serial: &usize| self.log.iter().any(|one| one.serial == *serial && one.is_in_time);
        let is_sure = match self.plan.verb {
            // Whether the doubtful ones suffice depends on what was in time.
            Verb::BothOf(..) => doubts.iter().all(|(serial, _)| is_in_time(serial)) && no_maybe(counts),
            _ => doubts.iter().any(|(serial, _)| is_in_time(serial)),
        };
        let codes = doubts.iter().map(|(_, code)| Some(*code));
        if !doubts.is_empty() && is_sure { codes.collect() } else { codes.chain(certain).collect() }
    }
}

fn no_maybe(counts: &[Count]) -> bool {
    counts.iter().all(|count| count.maybe.is_empty())
}

fn all(count: &Count) -> Vec<usize> {
    count.sure.iter().chain(&count.maybe).copied().collect()
}

/// Returns whether each of two matches has an event of its own.
fn served(first: &[usize], second: &[usize]) -> bool {
    first.iter().any(|one| second.iter().any(|two| one != two))
}
