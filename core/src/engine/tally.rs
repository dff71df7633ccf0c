//! What was found for an expectation, and whether that decides it.

use std::sync::Arc;

use crate::engine::assign::Assignment;
use crate::event::ReceivedEvent;
use crate::operation::{Order, Verb};

/// An event that meets a match at least.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) event: Arc<ReceivedEvent>,
    pub(crate) own: bool,
    /// Its place in the journal.
    pub(crate) index: usize,
    /// The matches that it meets.
    pub(crate) could: Vec<usize>,
}

/// What decides an expectation.
#[derive(Debug)]
enum Aim {
    /// So many events.
    Count(usize),
    /// An event for each match behind the one before; the places of these in what was found.
    InOrder(Vec<usize>),
    /// An event of its own for each match.
    AnyOrder,
}

/// What was found, in the order of the journal.
#[derive(Debug)]
pub(crate) struct Tally {
    aim: Aim,
    found: Vec<Found>,
    /// Which event serves which match, the order aside.
    assignment: Assignment,
    matches: usize,
}

impl Tally {
    /// Begins a tally of an expectation; `most` are the events that a fishing takes at once.
    pub(crate) fn new(verb: Verb, matches: usize, most: usize) -> Self {
        let aim = match verb {
            Verb::Event | Verb::None => Aim::Count(1),
            // The one too many.
            Verb::Exactly(n) => Aim::Count(n.saturating_add(1)),
            Verb::Receive(n) => Aim::Count(n),
            Verb::Fish => Aim::Count(most),
            Verb::AllOf(Order::InOrder) => Aim::InOrder(Vec::new()),
            Verb::AllOf(Order::AnyOrder) => Aim::AnyOrder,
        };
        Self { aim, found: Vec::new(), assignment: Assignment::new(matches), matches }
    }

    pub(crate) fn take(&mut self, found: Found) {
        match &mut self.aim {
            Aim::Count(_) => {}
            Aim::InOrder(served) => {
                if found.could.contains(&served.len()) {
                    served.push(self.found.len());
                }
                self.assignment.add(found.could.clone());
            }
            Aim::AnyOrder => drop(self.assignment.add(found.could.clone())),
        }
        self.found.push(found);
    }

    /// Returns whether nothing that may still come makes a difference.
    pub(crate) fn is_decided(&self) -> bool {
        match &self.aim {
            Aim::Count(wanted) => self.found.len() >= *wanted,
            Aim::InOrder(served) => served.len() == self.matches,
            Aim::AnyOrder => self.assignment.is_complete(),
        }
    }

    /// Returns everything that was found.
    pub(crate) fn found(&self) -> &[Found] {
        &self.found
    }

    /// Returns what satisfies the expectation: all that was found, or one event for each match, in
    /// the order of the matches.
    pub(crate) fn chosen(&self) -> Vec<&Found> {
        match &self.aim {
            Aim::Count(_) => self.found.iter().collect(),
            Aim::InOrder(served) => served.iter().filter_map(|at| self.found.get(*at)).collect(),
            Aim::AnyOrder => (0..self.matches).filter_map(|wanted| self.serving(wanted)).collect(),
        }
    }

    /// Returns the event that serves a match, the order aside.
    pub(crate) fn serving(&self, wanted: usize) -> Option<&Found> {
        self.found.get(self.assignment.serving(wanted)?)
    }

    /// Returns how many matches are served in order.
    pub(crate) fn in_order(&self) -> usize {
        match &self.aim {
            Aim::InOrder(served) => served.len(),
            Aim::Count(_) | Aim::AnyOrder => 0,
        }
    }

    /// Returns whether each match had an event of its own, the order aside, if these events counted too.
    pub(crate) fn could_be_served(&self, too: impl Iterator<Item = Vec<usize>>) -> bool {
        let mut all = Assignment::new(self.matches);
        for could in self.found.iter().map(|found| found.could.clone()).chain(too) {
            all.add(could);
        }
        all.is_complete()
    }
}
