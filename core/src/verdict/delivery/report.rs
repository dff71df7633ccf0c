//! What a delivery came to: counts, and a few examples of each kind.

use super::{DeliveryCheck, Fate, Place, Seen, Sent};
use crate::error::ErrorCode;

/// How many examples of one kind are kept.
pub(super) const EXAMPLES: usize = 3;

/// A kind of thing that went wrong, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It was acknowledged and did not come out.
    Lost,
    /// It came out more than once.
    Duplicated,
    /// It came out behind something that went in after it.
    OutOfOrder,
    /// It came out and did not go in.
    Unexpected,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Lost, Self::Duplicated, Self::OutOfOrder, Self::Unexpected];

    /// Returns the code of a verdict of which this is the worst.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Lost => ErrorCode::AckedEventLost,
            Self::Duplicated => ErrorCode::DuplicateEvent,
            Self::OutOfOrder => ErrorCode::WrongOrder,
            Self::Unexpected => ErrorCode::UnexpectedEvent,
        }
    }

    /// Returns our word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Duplicated => "duplicated",
            Self::OutOfOrder => "out of order",
            Self::Unexpected => "unexpected",
        }
    }

    /// Returns whether one of these checks asks for it.
    pub(crate) fn is_checked(self, is_asked: impl Fn(DeliveryCheck) -> bool) -> bool {
        match self {
            Self::Lost => is_asked(DeliveryCheck::Loss),
            Self::Duplicated => is_asked(DeliveryCheck::Duplicates),
            Self::OutOfOrder => {
                is_asked(DeliveryCheck::OrderPerKey) || is_asked(DeliveryCheck::OrderPerPartition)
            }
            Self::Unexpected => is_asked(DeliveryCheck::Unexpected),
        }
    }
}

/// An event that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// Its key: text, or what else is there as text.
    pub key: Option<String>,
    /// What became of it when it was sent; `None` of what nobody sent.
    pub fate: Option<Fate>,
    /// Where it came out: nowhere, once, or first and again.
    pub seen: Vec<Place>,
    /// The event behind which it came, although that was sent later.
    pub behind: Option<Box<Delivered>>,
    /// Whether `behind` has the same key.
    pub same_key: bool,
    /// Another event lies where this one was acknowledged.
    pub replaced: bool,
}

impl Delivered {
    pub(super) fn of_sent(sent: &Sent<'_>) -> Self {
        Self {
            id: sent.id.map(str::to_owned),
            key: sent.key.map(text),
            fate: Some(sent.fate),
            seen: Vec::new(),
            behind: None,
            same_key: false,
            replaced: false,
        }
    }

    pub(super) fn of_seen(seen: &Seen<'_>) -> Self {
        Self {
            id: seen.id.map(str::to_owned),
            key: seen.key.map(text),
            fate: None,
            seen: vec![seen.at],
            behind: None,
            same_key: false,
            replaced: false,
        }
    }

    /// Returns the word that Jepsen has for what happened to it.
    #[must_use]
    pub fn term(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Lost if self.replaced => "inconsistent offsets",
            Kind::Lost => "lost write",
            Kind::Duplicated => "duplicate",
            Kind::OutOfOrder => "nonmonotonic send",
            Kind::Unexpected if matches!(self.fate, Some(Fate::Refused(_))) => "aborted read",
            Kind::Unexpected => "phantom",
        }
    }
}

fn text(key: &[u8]) -> String {
    match std::str::from_utf8(key) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("0x{}", key.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}

/// What went wrong of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anomalies {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<Delivered>,
}

impl Anomalies {
    pub(super) fn add(&mut self, example: impl FnOnce() -> Delivered) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example());
        }
    }
}

/// What was sent, what was seen, and what went wrong on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Events that went in.
    pub sent: u64,
    /// Those that the broker acknowledged, or that were read from its log.
    pub acknowledged: u64,
    /// Those that may or may not be in the log: neither their absence nor their presence is wrong.
    pub unknown: u64,
    /// Those that were provably not written.
    pub refused: u64,
    /// Records that came out.
    pub seen: u64,
    /// Events that have to come out and had not when this was said, which was before the deadline.
    pub awaited: u64,
    /// Events whose id came out less often than it went in: an id that was used again does not tell which.
    pub ambiguous: u64,
    /// Acknowledged events that did not come out.
    pub lost: Anomalies,
    /// Records too many of one event.
    pub duplicated: Anomalies,
    /// Events that came out behind one that went in after them.
    pub out_of_order: Anomalies,
    /// Records of events that did not go in.
    pub unexpected: Anomalies,
}

impl DeliveryReport {
    /// Returns what went wrong of one kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> &Anomalies {
        match kind {
            Kind::Lost => &self.lost,
            Kind::Duplicated => &self.duplicated,
            Kind::OutOfOrder => &self.out_of_order,
            Kind::Unexpected => &self.unexpected,
        }
    }

    pub(super) fn of_mut(&mut self, kind: Kind) -> &mut Anomalies {
        match kind {
            Kind::Lost => &mut self.lost,
            Kind::Duplicated => &mut self.duplicated,
            Kind::OutOfOrder => &mut self.out_of_order,
            Kind::Unexpected => &mut self.unexpected,
        }
    }
}
