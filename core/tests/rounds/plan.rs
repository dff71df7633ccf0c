//! What one round does, drawn from its seed.

use fastrand::Rng;

/// One thing that is written, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The session that expects.
    Own,
    /// A session of another test.
    Stranger,
    /// A foreign client that passes the test id on.
    Carried,
    /// A foreign client that does not.
    Nobody,
    /// A transaction with the test id that commits.
    Committed,
    /// One that aborts.
    Aborted,
    /// One that stays open until the verdict.
    Open,
}

/// What a record carries as its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Number(u8),
    Tombstone,
    Broken,
}

/// A record as the model knows it; all small, so that records are often alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) by: By,
    pub(crate) kind: char,
    pub(crate) id: u8,
    pub(crate) key: u8,
    pub(crate) value: Value,
    pub(crate) partition: i32,
}

/// What a match asks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) kind: Option<char>,
    pub(crate) id: Option<u8>,
    pub(crate) key: Option<u8>,
    pub(crate) number: Option<u8>,
    pub(crate) own: Option<bool>,
}

#[derive(Clone, Debug)]
pub(crate) enum Verb {
    Event(Asked),
    None(Asked),
    Exactly(usize, Asked),
    Receive(usize),
    BothOf(Asked, Asked),
}

impl Verb {
    /// Returns whether events that filters hide count.
    pub(crate) fn is_of_a_window(&self) -> bool {
        matches!(self, Self::None(_) | Self::Exactly(..))
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        match self {
            Self::Event(asked) | Self::None(asked) | Self::Exactly(_, asked) => vec![*asked],
            Self::Receive(_) => vec![Asked::default()],
            Self::BothOf(first, second) => vec![*first, *second],
        }
    }
}

/// From where the expectation looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Start,
    Mark,
    /// The last event of the session itself before this point, on a topic of one partition.
    Acknowledged,
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) partitions: i32,
    /// Only events of type `A` enter the journal.
    pub(crate) is_filtered: bool,
    pub(crate) ignores_nobody: bool,
    pub(crate) is_uncommitted: bool,
    pub(crate) before_start: Vec<Record>,
    pub(crate) before_mark: Vec<Record>,
    pub(crate) after: After,
    pub(crate) behind_mark: Vec<Record>,
    /// While the expectation waits.
    pub(crate) during: Vec<Record>,
    pub(crate) verb: Verb,
    pub(crate) window_ms: u64,
}

impl Plan {
    pub(crate) fn draw(seed: u64) -> Self {
        let mut draw = Draw(Rng::with_seed(seed));
        let partitions = draw.0.i32(1..=3);
        let has_transactions = draw.one_in(3);
        let mut records = |most: usize, writers: &[By]| {
            (0..draw.0.usize(0..=most)).map(|_| draw.record(writers, partitions)).collect::<Vec<Record>>()
        };
        let plain = [By::Own, By::Own, By::Own, By::Stranger, By::Stranger, By::Carried];
        let before_start = records(4, &[By::Carried, By::Stranger, By::Nobody]);
        let before_mark = records(3, &plain);
        let mut behind_mark = records(4, &plain);
        let during = records(3, &plain);
        if draw.one_in(4) {
            behind_mark.push(draw.record(&[By::Nobody], partitions));
        }
        if has_transactions {
            let kinds = [By::Committed, By::Aborted, By::Open];
            let at = draw.0.usize(0..=behind_mark.len());
            // One transaction at a time, on the first partition.
            let record = Record { partition: 0, ..draw.record(&kinds, partitions) };
            behind_mark.insert(at, record);
        }
        let after = match draw.0.u8(0..5) {
            0 | 1 => After::Mark,
            2 if partitions == 1 && before_mark.iter().any(|record| record.by == By::Own) => {
                After::Acknowledged
            }
            _ => After::Start,
        };
        Self {
            partitions,
            is_filtered: draw.one_in(4),
            ignores_nobody: draw.one_in(4),
            is_uncommitted: draw.one_in(5),
            before_start,
            before_mark,
            // A receiving looks from where the last one ended.
            after,
            behind_mark,
            during,
            verb: draw.verb(after),
            window_ms: draw.0.u64(50..400),
        }
    }
}

struct Draw(Rng);

impl Draw {
    fn one_in(&mut self, n: u8) -> bool {
        self.0.u8(0..n) == 0
    }

    fn record(&mut self, writers: &[By], partitions: i32) -> Record {
        let by = writers[self.0.usize(0..writers.len())];
        let value = match self.0.u8(0..12) {
            0 => Value::Tombstone,
            1 => Value::Broken,
            n => Value::Number(n % 3),
        };
        Record {
            by,
            kind: if self.0.bool() { 'A' } else { 'B' },
            id: self.0.u8(0..3),
            key: self.0.u8(0..2),
            value,
            partition: self.0.i32(0..partitions),
        }
    }

    fn asked(&mut self) -> Asked {
        Asked {
            kind: self.0.bool().then_some(if self.0.bool() { 'A' } else { 'B' }),
            id: self.one_in(2).then(|| self.0.u8(0..3)),
            key: self.one_in(4).then(|| self.0.u8(0..2)),
            number: self.one_in(3).then(|| self.0.u8(0..3)),
            own: self.one_in(6).then(|| self.0.bool()),
        }
    }

    fn verb(&mut self, after: After) -> Verb {
        match self.0.u8(0..9) {
            0..=2 => Verb::Event(self.asked()),
            3 | 4 => Verb::None(self.asked()),
            5 | 6 => Verb::Exactly(self.0.usize(0..3), self.asked()),
            7 if after == After::Start => Verb::Receive(self.0.usize(1..4)),
            _ => Verb::BothOf(self.asked(), self.asked()),
        }
    }
}
