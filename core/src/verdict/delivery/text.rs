//! A delivery in words.

use std::sync::Arc;

use super::{Delivered, DeliveryCheck, DeliveryReport, Fate, Kind, Place};
use crate::verdict::Verified;
use crate::verdict::words::{clip, shown};

impl Verified {
    /// Returns from where to where: "on `orders`", "from `orders` to `confirmations`".
    pub(in crate::verdict) fn way(&self, topic: &str) -> String {
        match &self.output {
            None => format!("on `{}`", clip(topic)),
            Some(output) => format!("from `{}` to `{}`", clip(topic), clip(output)),
        }
    }

    /// Returns what was asked for.
    pub(in crate::verdict) fn wish(&self) -> String {
        let asked = |check| self.checks.contains(&check);
        let order = match (asked(DeliveryCheck::OrderPerKey), asked(DeliveryCheck::OrderPerPartition)) {
            (true, true) => Some("in order per key and per partition"),
            (true, false) => Some("in order per key"),
            (false, true) => Some("in order per partition"),
            (false, false) => None,
        };
        let parts = [
            asked(DeliveryCheck::Loss).then_some("nothing lost"),
            asked(DeliveryCheck::Duplicates).then_some("nothing twice"),
            order,
            asked(DeliveryCheck::Unexpected).then_some("nothing unexpected"),
        ];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        let of = match (&self.output, self.matching.is_unconditional()) {
            (None, _) => "of what was sent".to_owned(),
            (Some(_), true) => "by id".to_owned(),
            (Some(_), false) => format!("by id, of {}", clip(&self.matching.describe())),
        };
        format!("expected {of}: {}", parts.join(", "))
    }

    /// Returns what went wrong, in numbers.
    pub(in crate::verdict) fn summary(&self) -> String {
        let wrong = Kind::ALL.into_iter().filter(|kind| self.report.of(*kind).count > 0);
        let parts: Vec<String> =
            wrong.map(|kind| format!("{} {}", kind.name(), self.report.of(kind).count)).collect();
        parts.join(", ")
    }

    /// Returns what was counted.
    pub(in crate::verdict) fn counts(&self) -> String {
        let report = &self.report;
        let (went, came) = if self.output.is_some() { ("in", "out") } else { ("sent", "seen") };
        let mut line =
            format!("{went} {} acknowledged {} unknown {}", report.sent, report.acknowledged, report.unknown);
        if report.refused > 0 {
            line.push_str(&format!(" refused {}", report.refused));
        }
        line.push_str(&format!(" | {came} {}", report.seen));
        if report.awaited > 0 {
            line.push_str(&format!(", not yet {}", report.awaited));
        }
        let checked = Kind::ALL.into_iter().filter(|kind| kind.is_checked(|c| self.checks.contains(&c)));
        let parts: Vec<String> =
            checked.map(|kind| format!("{} {}", kind.name(), report.of(kind).count)).collect();
        format!("{line} | {}", parts.join(", "))
    }

    /// Returns a line for each example, in the lines that are left: of each kind one, then more.
    pub(in crate::verdict) fn examples(&self, room: usize) -> Vec<String> {
        let mut shown = [0; Kind::ALL.len()];
        let mut left = room;
        for round in 0..super::report::EXAMPLES {
            for (kind, shown) in Kind::ALL.into_iter().zip(&mut shown) {
                if left > 0 && self.report.of(kind).examples.len() > round {
                    *shown += 1;
                    left -= 1;
                }
            }
        }
        let lines = Kind::ALL.into_iter().zip(shown).flat_map(|(kind, shown)| {
            self.report.of(kind).examples.iter().take(shown).map(move |example| self.example(kind, example))
        });
        lines.collect()
    }

    fn example(&self, kind: Kind, example: &Delivered) -> String {
        let mut line = format!("{} ({}): {}", kind.name(), example.term(kind), self.story(kind, example));
        if let Some(behind) = &example.behind {
            let whose = if example.same_key { " of the same key" } else { "" };
            line.push_str(&format!(", behind a later one{whose}: {}", self.story(kind, behind)));
        }
        line
    }

    fn story(&self, kind: Kind, event: &Delivered) -> String {
        let is_same = self.output.is_none();
        let went = match event.fate {
            Some(Fate::Acknowledged(at)) if is_same => format!("acknowledged at {}", place(at)),
            Some(Fate::Acknowledged(at)) => format!("in at {}", place(at)),
            Some(Fate::Unknown) => "its delivery is unknown".to_owned(),
            Some(Fate::Refused(code)) => format!("refused with {code}"),
            None if is_same => "this session did not send it".to_owned(),
            None => "nothing of this id went in".to_owned(),
        };
        let verb = if is_same { "seen" } else { "out" };
        let came = match event.seen.as_slice() {
            [] if event.replaced => "where another record lies".to_owned(),
            [] if is_same => "not in the log".to_owned(),
            [] => "nothing came out".to_owned(),
            [only] if kind == Kind::Duplicated => format!("{verb} again at {}", place(*only)),
            [first, more @ ..] => {
                let again: String = more.iter().map(|at| format!(" and again at {}", place(*at))).collect();
                format!("{verb} at {}{again}", place(*first))
            }
        };
        format!("{}: {went}, {came}", name(event))
    }
}

fn name(event: &Delivered) -> String {
    let text = |text: &Option<String>| text.as_ref().map(|text| shown(&text.as_str().into()));
    let id = text(&event.id).map_or("no id".to_owned(), |id| format!("id {id}"));
    let key = text(&event.key).map_or("no key".to_owned(), |key| format!("key {key}"));
    format!("{id}, {key}")
}

fn place(at: Place) -> String {
    format!("partition {}, offset {}", at.partition, at.offset)
}

impl DeliveryReport {
    /// Returns what passed and yet deserves a look: pairs of a stable word and a sentence.
    pub(crate) fn remarks(&self, topic: &Arc<str>) -> Vec<(&'static str, String)> {
        let mut remarks = Vec::new();
        let topic = clip(topic);
        if self.acknowledged == 0 && self.seen == 0 {
            let message =
                format!("nothing was sent to `{topic}` that was acknowledged, so nothing was verified");
            remarks.push(("NOTHING_VERIFIED", message));
        }
        if self.unknown > 0 {
            let message = format!(
                "of {} of {} events sent to `{topic}` it is unknown whether they were delivered: that they are \
                 absent is not wrong, nor that they are there",
                self.unknown, self.sent
            );
            remarks.push(("DELIVERY_UNKNOWN", message));
        }
        if self.ambiguous > 0 {
            let message = format!(
                "{} of {} events came out less often than their ids went in; by an id that is used again it is not \
                 known whether one was lost",
                self.ambiguous, self.sent
            );
            remarks.push(("REUSED_ID", message));
        }
        remarks
    }
}
