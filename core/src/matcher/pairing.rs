//! Lists without an order: which expected element is which of those that are there.

use serde_json::Value;

use super::budget::Budget;
use super::expected::{Node, fits};
use super::model::Mode;

/// As many elements as can be paired at once.
pub(super) struct Pairing {
    /// For each expected element the index of its own.
    pub(super) partners: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl Pairing {
    pub(super) fn is_complete(&self) -> bool {
        self.partners.iter().all(Option::is_some)
    }

    /// Returns the indices of elements that are nobody's.
    pub(super) fn left_over(&self) -> impl Iterator<Item = usize> {
        self.taken.iter().enumerate().filter(|(_, taken)| !**taken).map(|(index, _)| index)
    }
}

/// Pairs elements by augmenting paths (Kuhn's algorithm): an expected element that fits two must not
/// take the one that another needs.
pub(super) fn pairs(wanted: &[Node], there: &[Value], mode: Mode, budget: &Budget) -> Pairing {
    /// More than these need more memory than a comparison may; what fits stays unknown then.
    const MOST: usize = 2_000_000;
    let pairs = wanted.len().saturating_mul(there.len());
    if pairs > MOST {
        budget.spend(usize::MAX);
        return Pairing { partners: vec![None; wanted.len()], taken: vec![false; there.len()] };
    }
    let mut search =
        Search { fits: vec![None; pairs], owners: vec![None; there.len()], wanted, there, mode, budget };
    for index in 0..wanted.len() {
        let mut visited = vec![false; there.len()];
        if !budget.spend(1 + there.len() / 16) {
            break;
        }
        search.place(index, &mut visited);
    }
    let mut partners = vec![None; wanted.len()];
    for (element, owner) in search.owners.iter().enumerate() {
        if let Some(owner) = owner {
            partners[*owner] = Some(element);
        }
    }
    Pairing { partners, taken: search.owners.iter().map(Option::is_some).collect() }
}

struct Search<'a> {
    wanted: &'a [Node],
    there: &'a [Value],
    /// Whether an expected element fits, as far as it is known.
    fits: Vec<Option<bool>>,
    /// For each element that is there who has it.
    owners: Vec<Option<usize>>,
    mode: Mode,
    budget: &'a Budget,
}

impl Search<'_> {
    fn fits(&mut self, wanted: usize, element: usize) -> bool {
        let at = wanted * self.there.len() + element;
        *self.fits[at]
            .get_or_insert_with(|| fits(&self.wanted[wanted], &self.there[element], self.mode, self.budget))
    }

    fn place(&mut self, wanted: usize, visited: &mut [bool]) -> bool {
        // Its own place first: what is nearly in order is done at once.
        let elements = (0..self.there.len()).map(|step| (wanted + step) % self.there.len());
        for element in elements {
            if visited[element] || !self.budget.spend(1) || !self.fits(wanted, element) {
                continue;
            }
            visited[element] = true;
            let is_free = match self.owners[element] {
                None => true,
                Some(owner) => self.place(owner, visited),
            };
            if is_free {
                self.owners[element] = Some(wanted);
                return true;
            }
        }
        false
    }
}
