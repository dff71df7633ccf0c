//! Which event serves which match: each event one match at most, and as many matches as can be.
//!
//! A greedy choice may fail although an assignment exists: with the matches "any" and "B", the event
//! B that comes first serves "any" only until an event A comes. So an event that comes finds its place
//! by an augmenting path, on which events that had a place move to another match. One that finds none
//! never will: the sets of events that can be served together are a matroid, so what an event cannot be
//! added to now it cannot be added to later, when there are more.

/// A maximum assignment, grown by one event after the other.
#[derive(Debug)]
pub(super) struct Assignment {
    /// For each event with a chance the matches that it could serve.
    could: Vec<Vec<usize>>,
    /// For each match the event that serves it.
    by_match: Vec<Option<usize>>,
    served: usize,
}

impl Assignment {
    pub(super) fn new(matches: usize) -> Self {
        Self { could: Vec::new(), by_match: vec![None; matches], served: 0 }
    }

    /// Adds an event, the next number from 0; returns whether it found a place.
    pub(super) fn add(&mut self, could: Vec<usize>) -> bool {
        let event = self.could.len();
        self.could.push(could);
        let found = !self.is_complete() && self.place(event);
        self.served += usize::from(found);
        found
    }

    /// Looks for an augmenting path from an event, nearest first, and goes it.
    fn place(&mut self, event: usize) -> bool {
        // By match, from which event it was reached.
        let mut reached_from: Vec<Option<usize>> = vec![None; self.by_match.len()];
        let mut queue = std::collections::VecDeque::from([event]);
        while let Some(from) = queue.pop_front() {
            for &to in &self.could[from] {
                if reached_from[to].is_some() {
                    continue;
                }
                reached_from[to] = Some(from);
                match self.by_match[to] {
                    Some(holder) => queue.push_back(holder),
                    None => {
                        self.move_along(to, &reached_from);
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Gives each match on the path to the event from which it was reached.
    fn move_along(&mut self, free: usize, reached_from: &[Option<usize>]) {
        let mut to = free;
        while let Some(event) = reached_from[to] {
            let held_before = self.by_match.iter().position(|holder| *holder == Some(event));
            self.by_match[to] = Some(event);
            match held_before {
                Some(before) => to = before,
                None => break,
            }
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.served == self.by_match.len()
    }

    /// Returns the event that serves a match.
    pub(super) fn serving(&self, wanted: usize) -> Option<usize> {
        self.by_match.get(wanted).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns how many matches can be served, by trying everything.
    fn most(could: &[Vec<usize>], taken: &mut Vec<bool>) -> usize {
        let Some((first, rest)) = could.split_first() else { return 0 };
        let mut best = most(rest, taken);
        for &to in first {
            if !taken[to] {
                taken[to] = true;
                best = best.max(1 + most(rest, taken));
                taken[to] = false;
            }
        }
        best
    }

    #[test]
    fn an_event_gives_way_to_one_that_can_serve_nothing_else() {
        let mut assignment = Assignment::new(3);
        assert!(assignment.add(vec![0, 1]));
        assert!(assignment.add(vec![0]));
        assert!(!assignment.add(vec![0, 1]), "two matches, two events already");
        assert!(!assignment.is_complete());
        assert!(assignment.add(vec![1, 2]));
        assert!(assignment.is_complete());
        assert_eq!([0, 1, 2].map(|wanted| assignment.serving(wanted)), [Some(1), Some(0), Some(3)]);
    }

    #[test]
    fn as_many_matches_are_served_as_can_be_after_every_event() {
        for seed in 0..3_000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (matches, events) = (rng.usize(1..6), rng.usize(0..8));
            let (mut assignment, mut all) = (Assignment::new(matches), Vec::new());
            for _ in 0..events {
                let could: Vec<usize> = (0..matches).filter(|_| rng.u8(0..3) == 0).collect();
                assignment.add(could.clone());
                all.push(could);
                assert_eq!(assignment.served, most(&all, &mut vec![false; matches]), "seed {seed}");
                let mut holders: Vec<usize> = (0..matches).filter_map(|m| assignment.serving(m)).collect();
                assert!((0..matches).all(|m| assignment.serving(m).is_none_or(|e| all[e].contains(&m))));
                holders.sort_unstable();
                holders.dedup();
                assert_eq!(holders.len(), assignment.served, "seed {seed}: an event serves two matches");
            }
        }
    }
}
