//! Delivery checks: what was sent against what came out, named with Jepsen's terms beside ours.
//!
//! Pure: a [`Case`] is data, [`judge`](judge::judge) turns it into a [`Judged`] in time linear in its events.

mod document;
mod judge;
mod report;
#[cfg(any(test, debug_assertions))]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeSet;

pub(crate) use self::judge::judge;
pub use self::report::{Anomalies, Delivered, DeliveryReport, Kind};
use crate::error::ErrorCode;

/// One thing that `verify_delivery` checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryCheck {
    /// What was acknowledged came out (Jepsen: `lost write`).
    Loss,
    /// Nothing came out twice (`duplicate`).
    Duplicates,
    /// What has the same key came out in the order in which it went in, as far as Kafka has an order: within a
    /// partition (`nonmonotonic send`).
    OrderPerKey,
    /// The same of any two events of a partition.
    OrderPerPartition,
    /// Nothing came out that did not go in (`phantom`, or `aborted read` where the broker had refused it).
    Unexpected,
}

impl DeliveryCheck {
    /// Every check.
    pub const ALL: [Self; 5] =
        [Self::Loss, Self::Duplicates, Self::OrderPerKey, Self::OrderPerPartition, Self::Unexpected];

    /// Returns its name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Duplicates => "duplicates",
            Self::OrderPerKey => "order_per_key",
            Self::OrderPerPartition => "order_per_partition",
            Self::Unexpected => "unexpected",
        }
    }

    /// Returns whether it speaks of all that comes until the end of a window.
    pub(crate) const fn is_of_a_window(self) -> bool {
        match self {
            Self::Duplicates | Self::Unexpected => true,
            Self::Loss | Self::OrderPerKey | Self::OrderPerPartition => false,
        }
    }
}

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

/// What is known of an event that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The broker acknowledged it, or it was read from the log.
    Acknowledged(Place),
    /// It may or may not be in the log.
    Unknown,
    /// It was provably not written.
    Refused(ErrorCode),
}

impl Fate {
    /// Returns where the event lies, as the broker said.
    #[must_use]
    pub fn place(self) -> Option<Place> {
        match self {
            Self::Acknowledged(place) => Some(place),
            Self::Unknown | Self::Refused(_) => None,
        }
    }
}

/// An event that went in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) id: Option<&'a str>,
    /// What tells it from another event of the same id, where the record carries such a thing (`ce_id`).
    pub(crate) mark: Option<&'a str>,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) fate: Fate,
    /// Nobody knows yet what becomes of it.
    pub(crate) pending: bool,
    /// It lies in what is verified; what does not is known, and nothing is said of it.
    pub(crate) counts: bool,
    /// It has to come out.
    pub(crate) due: bool,
    /// Events of one line went in in the order of their numbers; `None` where there is no order.
    pub(crate) order: Option<(i32, i64)>,
}

/// A record that came out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) id: Option<&'a str>,
    pub(crate) mark: Option<&'a str>,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) at: Place,
    /// As of what was sent.
    pub(crate) counts: bool,
}

/// A record of which it is not known whether it counts: undecodable, or without a test id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Maybe<'a> {
    pub(crate) id: Option<&'a str>,
}

/// Records of a partition, of all where none is named, that were gone before they were read. At offsets below
/// `until` another record may have lain before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) partition: Option<i32>,
    pub(crate) until: i64,
}

impl Hole {
    fn touches(&self, place: Place) -> bool {
        self.partition.is_none_or(|partition| partition == place.partition && place.offset < self.until)
    }
}

/// How records are known again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pairing {
    /// They lie in the log that they were sent to: by what tells them apart, else by place and id.
    SameLog,
    /// Somebody else made them of what was sent: by id, as often as that id went in.
    ById,
}

/// Everything that is known of a delivery.
pub(crate) struct Case<'a> {
    pub(crate) pairing: Pairing,
    pub(crate) checks: &'a BTreeSet<DeliveryCheck>,
    /// In the order of sending.
    pub(crate) sent: &'a [Sent<'a>],
    /// In the order of reading, which within a partition is that of the log.
    pub(crate) seen: &'a [Seen<'a>],
    pub(crate) maybe_seen: &'a [Maybe<'a>],
    pub(crate) holes: &'a [Hole],
    /// Events that may have gone in; only where that is read from a log, too.
    pub(crate) maybe_sent: &'a [Maybe<'a>],
    /// Everything that went in is in `sent` or `maybe_sent`.
    pub(crate) all_sent: bool,
    /// Everything that came out up to now is in `seen` or `maybe_seen`, or fell into a hole.
    pub(crate) all_seen: bool,
    /// What did not come out until now never will in time.
    pub(crate) is_over: bool,
}

/// What makes a difference to the verdict and is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// Not everything was read.
    Unread,
    /// By its number.
    Hole(usize),
    /// By its number.
    MaybeSeen(usize),
    /// Not everything that went in was read.
    UnreadSent,
    /// By its number.
    MaybeSent(usize),
}

/// What came of a case.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// What is certain, and what is shown of it.
    pub(crate) report: DeliveryReport,
    /// The worst of what is certain.
    pub(crate) wrong: Option<Kind>,
    /// How many things look wrong, and may yet turn out not to be.
    pub(crate) suspects: u64,
    /// How many events have yet to come out, or to be acknowledged.
    pub(crate) outstanding: u64,
    /// The first thing unknown that makes a difference.
    pub(crate) unknown: Option<Unknown>,
}
