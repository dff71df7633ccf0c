//! The judgement: each record is somebody's, once; what is left over on either side is wrong.

use std::collections::HashMap;

use super::report::{Delivered, DeliveryReport, Kind};
use super::{Case, DeliveryCheck, Fate, Judged, Maybe, Pairing, Place, Unknown};

/// Judges a case. What may yet turn out otherwise is a suspect and not in the report.
pub(crate) fn judge(case: &Case<'_>) -> Judged {
    let mut judging = Judging::pair(case);
    judging.count();
    judging.losses();
    judging.repeats();
    judging.order();
    judging.strangers();
    judging.conclude()
}

/// The events of one id that may have gone in.
#[derive(Default)]
struct OfId {
    first: Option<usize>,
    more: Vec<usize>,
    /// One of them that is certainly in the log.
    written: Option<usize>,
    /// One that was refused, where nothing but the id tells it apart.
    refused: Option<usize>,
    /// How many records of it were seen.
    seen: usize,
}

impl OfId {
    fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.more.len()
    }

    fn get(&self, number: usize) -> Option<usize> {
        match number.checked_sub(1) {
            None => self.first,
            Some(number) => self.more.get(number).copied(),
        }
    }
}

struct Judging<'c> {
    case: &'c Case<'c>,
    by_id: HashMap<Option<&'c str>, OfId>,
    /// For each event the record that it came out as.
    came: Vec<Option<usize>>,
    /// For each record the event that it is; not of repeats and strangers.
    is: Vec<Option<usize>>,
    /// Events that came out again, with the record.
    again: Vec<(usize, usize)>,
    /// Records of nothing that went in, with the event that was refused.
    strange: Vec<(usize, Option<usize>)>,
    report: DeliveryReport,
    suspects: u64,
    outstanding: u64,
    unknown: Option<Unknown>,
}

impl<'c> Judging<'c> {
    fn pair(case: &'c Case<'c>) -> Self {
        let mut judging = Self {
            case,
            by_id: HashMap::with_capacity(case.sent.len()),
            came: vec![None; case.sent.len()],
            is: vec![None; case.seen.len()],
            again: Vec::new(),
            strange: Vec::new(),
            report: DeliveryReport::default(),
            suspects: 0,
            outstanding: 0,
            unknown: None,
        };
        let is_by_id = case.pairing == Pairing::ById;
        for (number, sent) in case.sent.iter().enumerate() {
            let of_id = judging.by_id.entry(sent.id).or_default();
            match sent.fate {
                Fate::Refused(_) if is_by_id || sent.mark.is_none() => of_id.refused = Some(number),
                Fate::Refused(_) => {}
                Fate::Acknowledged(_) | Fate::Unknown if of_id.first.is_none() => of_id.first = Some(number),
                Fate::Acknowledged(_) | Fate::Unknown => of_id.more.push(number),
            }
        }
        match case.pairing {
            Pairing::SameLog => judging.pair_in_the_log(),
            Pairing::ById => judging.pair_by_id(),
        }
        judging
    }

    fn pair_by_id(&mut self) {
        for (number, seen) in self.case.seen.iter().enumerate() {
            let of_id = self.by_id.entry(seen.id).or_default();
            let (turn, first) = (of_id.seen, of_id.first);
            of_id.seen += 1;
            match (of_id.get(turn), first) {
                (Some(sent), _) => {
                    self.came[sent] = Some(number);
                    self.is[number] = Some(sent);
                }
                (None, Some(first)) => self.again.push((first, number)),
                (None, None) => self.strange.push((number, of_id.refused)),
            }
        }
    }

    fn pair_in_the_log(&mut self) {
        let (mut by_mark, mut by_place) = (HashMap::new(), HashMap::new());
        let mut nameless = false;
        for (number, sent) in self.case.sent.iter().enumerate() {
            match (sent.mark, sent.fate) {
                (Some(mark), _) => drop(by_mark.insert(mark, number)),
                (None, Fate::Acknowledged(at)) => drop(by_place.insert(at, number)),
                (None, Fate::Unknown) => nameless = true,
                (None, Fate::Refused(_)) => {}
            }
        }
        let mut left = Vec::new();
        for (number, seen) in self.case.seen.iter().enumerate() {
            let found = match seen.mark {
                Some(mark) => by_mark.get(mark).copied(),
                // Somebody else's record may lie there now.
                None => by_place.get(&seen.at).copied().filter(|sent| {
                    let id = self.case.sent[*sent].id;
                    seen.id.is_none() || id == seen.id
                }),
            };
            match found {
                Some(sent) => self.take(sent, number),
                None => left.push(number),
            }
        }
        for (number, sent) in self.case.sent.iter().enumerate() {
            if sent.fate.place().is_some() || self.came[number].is_some() {
                self.by_id.entry(sent.id).or_default().written.get_or_insert(number);
            }
        }
        for number in left {
            self.take_by_id(number, nameless);
        }
    }

    /// Gives a record that nothing but its id tells of to an event.
    fn take_by_id(&mut self, number: usize, nameless: bool) {
        let seen = &self.case.seen[number];
        if seen.id.is_none() {
            // It may be one of those that nothing is known of.
            if !(nameless && seen.mark.is_none()) {
                self.strange.push((number, None));
            }
            return;
        }
        let of_id = self.by_id.entry(seen.id).or_default();
        while let Some(sent) = of_id.get(of_id.seen) {
            of_id.seen += 1;
            let is_bare = self.case.sent[sent].mark.is_none() && seen.mark.is_none();
            if is_bare && self.case.sent[sent].fate == Fate::Unknown && self.came[sent].is_none() {
                of_id.written.get_or_insert(sent);
                self.came[sent] = Some(number);
                self.is[number] = Some(sent);
                return;
            }
        }
        match of_id.written {
            Some(sent) => self.again.push((sent, number)),
            None => self.strange.push((number, of_id.refused)),
        }
    }

    fn take(&mut self, sent: usize, seen: usize) {
        if matches!(self.case.sent[sent].fate, Fate::Refused(_)) {
            self.strange.push((seen, Some(sent)));
        } else if self.came[sent].is_some() {
            self.again.push((sent, seen));
        } else {
            self.came[sent] = Some(seen);
            self.is[seen] = Some(sent);
        }
    }

    fn count(&mut self) {
        let report = &mut self.report;
        for sent in self.case.sent.iter().filter(|sent| sent.counts) {
            report.sent += 1;
            match sent.fate {
                Fate::Acknowledged(_) => report.acknowledged += 1,
                Fate::Unknown => report.unknown += 1,
                Fate::Refused(_) => report.refused += 1,
            }
            self.outstanding += u64::from(sent.pending);
        }
        report.seen = self.case.seen.iter().filter(|seen| seen.counts).count() as u64;
    }

    fn losses(&mut self) {
        let case = self.case;
        let is_over = case.is_over || case.pairing == Pairing::SameLog && case.all_seen;
        let maybe = ids_of(case.maybe_seen);
        for (number, sent) in case.sent.iter().enumerate() {
            if !sent.due || self.came[number].is_some() {
                continue;
            }
            if !is_over {
                self.outstanding += 1;
                self.report.awaited += 1;
                continue;
            }
            if case.pairing == Pairing::ById && self.by_id.get(&sent.id).is_some_and(|of_id| of_id.seen > 0) {
                self.report.ambiguous += 1;
                continue;
            }
            self.outstanding += 1;
            let unknown = if !case.all_seen {
                Some(Unknown::Unread)
            } else if let Some(hole) = self.hole_of(sent.fate.place()) {
                Some(Unknown::Hole(hole))
            } else {
                maybe.get(&sent.id).or_else(|| maybe.get(&None)).map(|maybe| Unknown::MaybeSeen(*maybe))
            };
            self.note(Kind::Lost, unknown, || {
                let replaced = case.pairing == Pairing::SameLog
                    && case.seen.iter().any(|seen| Some(seen.at) == sent.fate.place());
                Delivered { replaced, ..Delivered::of_sent(sent) }
            });
        }
    }

    /// Returns the hole in which something may have been that lies, or came of what lies, at a place.
    fn hole_of(&self, place: Option<Place>) -> Option<usize> {
        self.case.holes.iter().position(|hole| match (self.case.pairing, place) {
            (Pairing::SameLog, Some(place)) => hole.touches(place),
            (Pairing::ById, _) | (_, None) => true,
        })
    }

    /// Returns the hole by which records may be told of twice, or at the place of others.
    fn unsound(&self, records: &[usize]) -> Option<Unknown> {
        let touches = |hole: &super::Hole| records.iter().any(|seen| hole.touches(self.case.seen[*seen].at));
        self.case.holes.iter().position(touches).map(Unknown::Hole)
    }

    /// Returns why it is not known that nothing else of this id went in.
    fn unsent(&self, id: Option<&str>, maybe: &HashMap<Option<&str>, usize>) -> Option<Unknown> {
        if self.case.pairing == Pairing::SameLog {
            return None;
        }
        if !self.case.all_sent {
            return Some(Unknown::UnreadSent);
        }
        maybe.get(&id).or_else(|| maybe.get(&None)).map(|maybe| Unknown::MaybeSent(*maybe))
    }

    fn repeats(&mut self) {
        let case = self.case;
        let maybe = ids_of(case.maybe_sent);
        for (sent, seen) in std::mem::take(&mut self.again) {
            let record = &case.seen[seen];
            if !record.counts {
                continue;
            }
            let first = self.came[sent];
            let both: Vec<usize> = first.into_iter().chain([seen]).collect();
            let unknown = self.unsound(&both).or_else(|| self.unsent(record.id, &maybe));
            self.note(Kind::Duplicated, unknown, || {
                let places = both.iter().map(|seen| case.seen[*seen].at).collect();
                Delivered { seen: places, ..Delivered::of_sent(&case.sent[sent]) }
            });
        }
    }

    fn order(&mut self) {
        let case = self.case;
        let (per_key, per_partition) = (
            case.checks.contains(&DeliveryCheck::OrderPerKey),
            case.checks.contains(&DeliveryCheck::OrderPerPartition),
        );
        let unsent =
            if case.pairing == Pairing::ById && !case.all_sent { Some(Unknown::UnreadSent) } else { None };
        // By partition of both sides, and by key: the latest that came so far.
        type Lines<'k> = HashMap<(i32, i32, Option<&'k [u8]>), (i64, usize)>;
        let mut latest = Lines::new();
        for (number, record) in case.seen.iter().enumerate() {
            let Some(sent) = self.is[number] else { continue };
            let Some((line, order)) = case.sent[sent].order else { continue };
            // Of an id that was used again nobody knows which one came.
            let is_one = self.by_id.get(&case.sent[sent].id).is_none_or(|of_id| of_id.len() < 2);
            if case.pairing == Pairing::ById && !is_one {
                continue;
            }
            let mut behind = None;
            let key = case.sent[sent].key.filter(|_| per_key);
            for (key, asked) in [(key, key.is_some()), (None, per_partition)] {
                if !asked {
                    continue;
                }
                let last = latest.entry((record.at.partition, line, key)).or_insert((order, number));
                if last.0 > order {
                    behind = behind.or(Some((last.1, key.is_some())));
                } else {
                    *last = (order, number);
                }
            }
            let Some((other, same_key)) = behind.filter(|_| record.counts) else { continue };
            let unknown = self.unsound(&[number, other]).or(unsent);
            let was = |number: usize| {
                let event = self.is[number].map(|sent| Delivered::of_sent(&case.sent[sent]));
                let seen = vec![case.seen[number].at];
                Delivered { seen, ..event.unwrap_or_else(|| Delivered::of_seen(&case.seen[number])) }
            };
            let example = Delivered { behind: Some(Box::new(was(other))), same_key, ..was(number) };
            self.note(Kind::OutOfOrder, unknown, || example);
        }
    }

    fn strangers(&mut self) {
        let case = self.case;
        let maybe = ids_of(case.maybe_sent);
        for (seen, refused) in std::mem::take(&mut self.strange) {
            let record = &case.seen[seen];
            if !record.counts {
                continue;
            }
            let unknown = self.unsound(&[seen]).or_else(|| self.unsent(record.id, &maybe));
            self.note(Kind::Unexpected, unknown, || {
                let fate = refused.map(|sent| case.sent[sent].fate);
                Delivered { fate, ..Delivered::of_seen(record) }
            });
        }
    }

    /// Notes what went wrong, or that it looks as if.
    fn note(&mut self, kind: Kind, unknown: Option<Unknown>, example: impl FnOnce() -> Delivered) {
        if !kind.is_checked(|check| self.case.checks.contains(&check)) {
            return;
        }
        match unknown {
            None => self.report.of_mut(kind).add(example),
            Some(_) => {
                self.suspects += 1;
                self.unknown = self.unknown.or(unknown);
            }
        }
    }

    fn conclude(mut self) -> Judged {
        let wrong = Kind::ALL.into_iter().find(|kind| self.report.of(*kind).count > 0);
        let unknown = self.unknown.take().or_else(|| self.hidden());
        Judged { report: self.report, wrong, suspects: self.suspects, outstanding: self.outstanding, unknown }
    }

    /// Returns what could hide something wrong where nothing looks wrong.
    fn hidden(&self) -> Option<Unknown> {
        let case = self.case;
        let is_asked = |check: DeliveryCheck| case.checks.contains(&check);
        let is_of_a_window = case.checks.iter().any(|check| check.is_of_a_window());
        if !case.all_seen && (is_of_a_window || self.outstanding > 0) {
            return Some(Unknown::Unread);
        }
        if is_of_a_window && !case.holes.is_empty() {
            return Some(Unknown::Hole(0));
        }
        let by_order = is_asked(DeliveryCheck::OrderPerKey) || is_asked(DeliveryCheck::OrderPerPartition);
        let matters = |maybe: &&Maybe<'_>| {
            let of_id = self.by_id.get(&maybe.id).filter(|of_id| of_id.len() > 0);
            let Some(of_id) = of_id.filter(|_| maybe.id.is_some()) else {
                let could_be_any = maybe.id.is_none() && (is_of_a_window || self.outstanding > 0);
                return could_be_any || is_asked(DeliveryCheck::Unexpected);
            };
            let is_unseen = (0..of_id.len()).any(|n| of_id.get(n).is_some_and(|n| self.came[n].is_none()));
            if is_unseen { by_order } else { is_asked(DeliveryCheck::Duplicates) }
        };
        if let Some(at) = case.maybe_seen.iter().position(|maybe| matters(&maybe)) {
            return Some(Unknown::MaybeSeen(at));
        }
        if case.pairing == Pairing::SameLog || !is_asked(DeliveryCheck::Loss) {
            return None;
        }
        if !case.all_sent {
            return Some(Unknown::UnreadSent);
        }
        let came = |id: Option<&str>| self.by_id.get(&id).is_some_and(|of_id| of_id.seen > 0);
        let missed = case.maybe_sent.iter().position(|maybe| maybe.id.is_none() || !came(maybe.id));
        missed.map(Unknown::MaybeSent)
    }
}

/// Returns the first of each id.
fn ids_of<'m>(maybe: &'m [Maybe<'_>]) -> HashMap<Option<&'m str>, usize> {
    let mut ids = HashMap::new();
    for (number, maybe) in maybe.iter().enumerate() {
        ids.entry(maybe.id).or_insert(number);
    }
    ids
}
