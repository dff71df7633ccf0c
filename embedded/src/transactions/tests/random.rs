//! Random interleavings of producers, against an oracle that knows only what each transaction came to.

use std::time::Duration;

use kafka_protocol::ResponseError;

use super::world::{OffsetCommit, Speaks, TOPIC, World};
use crate::transactions::Producer;

const PARTITIONS: usize = 4;
const IDS: [&str; 3] = ["a", "b", "c"];
const TIMEOUT_MS: i32 = 10_000;
const SEEDS: u64 = 300;
const STEPS: usize = 250;

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Committed,
    Aborted,
}

/// What should be in a partition, offset by offset.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Marker,
    Plain(u64),
    /// A value, and the number of its transaction.
    InTransaction(u64, usize),
}

/// A producer as a process that may live on after another took its id.
#[derive(Debug)]
struct Client {
    id: usize,
    speaks: Speaks,
    producer: Producer,
    /// The next sequence in each partition.
    sequences: [i32; PARTITIONS],
    last: Option<Acknowledged>,
}

/// The last batch of a client that was acknowledged.
#[derive(Debug, Clone, Copy)]
struct Acknowledged {
    producer: Producer,
    partition: usize,
    sequence: i32,
    value: u64,
    offset: i64,
    transaction: usize,
}

/// What should be so for a transactional id.
#[derive(Debug, Default)]
struct Id {
    /// The client that was not fenced.
    current: Option<usize>,
    /// The client whose transaction was aborted under it, as long as nobody followed.
    fenced: Option<usize>,
    open: Option<Open>,
    last: Option<Fate>,
    /// Where its group is.
    offset: Option<i64>,
}

#[derive(Debug)]
struct Open {
    transaction: usize,
    partitions: Vec<usize>,
    /// What its group, named as the transactional id, is to be at.
    offset: Option<i64>,
    until_ms: i64,
}

struct Run {
    random: fastrand::Rng,
    world: World,
    clients: Vec<Client>,
    ids: [Id; 3],
    fates: Vec<Fate>,
    logs: [Vec<Entry>; PARTITIONS],
    next_value: u64,
}

#[test]
fn readers_see_what_random_transactions_came_to() {
    let mut reached = [0_usize; 3];
    for seed in 0..SEEDS {
        let fates = std::panic::catch_unwind(|| Run::new(seed).fates());
        let fates = fates.unwrap_or_else(|_| panic!("seed {seed} failed"));
        for fate in fates {
            reached[fate as usize] += 1;
        }
    }
    assert!(reached.iter().all(|count| *count > 100), "the runs came to little: {reached:?}");
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut run = Self {
            random: fastrand::Rng::with_seed(seed),
            world: World::new(3, PARTITIONS as i32),
            clients: Vec::new(),
            ids: Default::default(),
            fates: Vec::new(),
            logs: Default::default(),
            next_value: 0,
        };
        (0..IDS.len()).for_each(|id| run.init(id));
        run
    }

    /// Runs, and returns what the transactions came to.
    fn fates(mut self) -> Vec<Fate> {
        for _ in 0..STEPS {
            self.step();
            let index = self.random.usize(..PARTITIONS);
            self.check(index);
        }
        (0..PARTITIONS).for_each(|index| self.check(index));
        self.fates
    }

    fn step(&mut self) {
        let client = self.random.usize(..self.clients.len());
        // Zombies are many after a while; most calls come from who is current.
        let client = match self.random.u32(..10) {
            0 => client,
            _ => self.ids[self.random.usize(..IDS.len())].current.unwrap_or(client),
        };
        self.world.speaks = self.clients[client].speaks;
        let partition = self.random.usize(..PARTITIONS);
        let id = self.random.usize(..IDS.len());
        let commit = self.random.bool();
        let time_ms = self.random.u64(..4_000);
        match self.random.u32(..100) {
            0..4 => self.init(id),
            4..6 => self.go_on(client),
            6..25 => self.add(client, partition),
            25..65 => self.produce(client, partition),
            65..70 => self.repeat(client),
            70..73 => self.produce_plain(partition),
            73..78 => self.send_offset(client),
            78..93 => self.end(client, commit),
            _ => self.pass(time_ms),
        }
    }

    fn init(&mut self, id: usize) {
        self.abort(id);
        let producer = self.world.init_with(IDS[id], TIMEOUT_MS, None).unwrap();
        self.become_current(id, producer);
    }

    /// A client asks for its next epoch, as after an error.
    fn go_on(&mut self, client: usize) {
        let Client { id, producer, .. } = self.clients[client];
        // The transaction is fenced first, whoever asks.
        if self.ids[id].open.is_some() {
            self.fence(id);
        }
        let goes_on = [self.ids[id].current, self.ids[id].fenced].contains(&Some(client));
        match self.world.init_with(IDS[id], TIMEOUT_MS, Some(producer)) {
            Err(error) => assert_eq!((error, goes_on), (ResponseError::ProducerFenced, false)),
            // The retry of a request whose answer got lost.
            Ok(next) if next == self.producer_of_current(id) => self.ids[id].last = None,
            Ok(next) => {
                assert!(goes_on);
                self.become_current(id, next);
            }
        }
    }

    /// Aborts the transaction of an id, whose client may only ask to go on.
    fn fence(&mut self, id: usize) {
        self.abort(id);
        self.ids[id].fenced = self.ids[id].current.take();
    }

    fn producer_of_current(&self, id: usize) -> Producer {
        self.ids[id].current.map_or(Producer::NONE, |current| self.clients[current].producer)
    }

    fn become_current(&mut self, id: usize, producer: Producer) {
        let offset = self.ids[id].offset;
        self.ids[id] = Id { current: Some(self.clients.len()), offset, ..Id::default() };
        let speaks = if self.random.bool() { Speaks::First } else { Speaks::Second };
        self.clients.push(Client { id, speaks, producer, sequences: [0; PARTITIONS], last: None });
    }

    fn add(&mut self, client: usize, partition: usize) {
        let Client { id, producer, speaks, .. } = self.clients[client];
        if speaks == Speaks::Second {
            return;
        }
        let got = self.world.add(IDS[id], producer, partition as i32);
        if self.ids[id].current != Some(client) {
            return assert_eq!(got, Err(ResponseError::ProducerFenced));
        }
        assert_eq!(got, Ok(()));
        self.join(id, partition);
    }

    fn join(&mut self, id: usize, partition: usize) {
        let open = self.open(id);
        if !open.partitions.contains(&partition) {
            open.partitions.push(partition);
        }
    }

    /// Returns the transaction of an id, which begins if there is none.
    fn open(&mut self, id: usize) -> &mut Open {
        let until_ms = self.world.now.wall_ms + i64::from(TIMEOUT_MS);
        let fates = &mut self.fates;
        self.ids[id].open.get_or_insert_with(|| {
            fates.push(Fate::Open);
            Open { transaction: fates.len() - 1, partitions: Vec::new(), offset: None, until_ms }
        })
    }

    fn send_offset(&mut self, client: usize) {
        let Client { id, producer, .. } = self.clients[client];
        let offset = self.new_value() as i64;
        let is_announced = self.world.speaks == Speaks::First;
        let added = is_announced.then(|| self.world.add_offsets(IDS[id], producer, IDS[id]));
        let commit = OffsetCommit::new(IDS[id], TOPIC, 0, offset);
        let got = self.world.commit_offset(IDS[id], producer, &commit);
        if self.ids[id].current != Some(client) {
            assert_ne!(added, Some(Ok(())));
            return assert_eq!(got, Err(ResponseError::InvalidProducerEpoch));
        }
        assert_eq!((added.unwrap_or(Ok(())), got), (Ok(()), Ok(())));
        self.open(id).offset = Some(offset);
    }

    fn produce(&mut self, client: usize, partition: usize) {
        let Client { id, producer, sequences, .. } = self.clients[client];
        let value = self.new_value();
        let sequence = sequences[partition];
        let got = self.world.produce(IDS[id], producer, partition as i32, sequence, value);
        if self.ids[id].current != Some(client) {
            return assert_eq!(got, Err(ResponseError::InvalidProducerEpoch));
        }
        if self.world.speaks == Speaks::Second {
            self.join(id, partition);
        }
        match self.ids[id].open.as_ref().filter(|open| open.partitions.contains(&partition)) {
            None => assert_eq!(got, Err(ResponseError::InvalidTxnState)),
            Some(Open { transaction, .. }) => {
                let (log, transaction) = (&mut self.logs[partition], *transaction);
                let offset = log.len() as i64;
                assert_eq!(got, Ok(offset));
                log.push(Entry::InTransaction(value, transaction));
                let client = &mut self.clients[client];
                client.sequences[partition] += 1;
                client.last =
                    Some(Acknowledged { producer, partition, sequence, value, offset, transaction });
            }
        }
    }

    /// A client whose acknowledgement got lost sends its last batch again.
    fn repeat(&mut self, client: usize) {
        let Client { id, producer: now, last, .. } = self.clients[client];
        let Some(Acknowledged { producer, partition, sequence, value, offset, transaction }) = last else {
            return;
        };
        let got = self.world.produce(IDS[id], producer, partition as i32, sequence, value);
        let open = &self.ids[id].open;
        // What is late must not come into the next transaction.
        if self.ids[id].current != Some(client) || producer != now {
            assert_eq!(got, Err(ResponseError::InvalidProducerEpoch));
        } else if open.as_ref().is_some_and(|open| open.partitions.contains(&partition)) {
            assert_eq!(got, Ok(offset));
        } else {
            assert_ne!(open.as_ref().map(|open| open.transaction), Some(transaction));
            assert_eq!(got, Err(ResponseError::InvalidTxnState));
        }
    }

    fn produce_plain(&mut self, partition: usize) {
        let value = self.new_value();
        let got = self.world.produce_plain(partition as i32, value);
        assert_eq!(got, Ok(self.logs[partition].len() as i64));
        self.logs[partition].push(Entry::Plain(value));
    }

    fn end(&mut self, client: usize, commit: bool) {
        let fate = if commit { Fate::Committed } else { Fate::Aborted };
        if self.world.speaks == Speaks::Second {
            return self.end_and_go_on(client, fate);
        }
        let Client { id, producer, .. } = self.clients[client];
        let got = self.world.end(IDS[id], producer, commit);
        if self.ids[id].current != Some(client) {
            assert_eq!(got, Err(ResponseError::ProducerFenced));
        } else if self.ids[id].open.is_some() {
            assert_eq!(got, Ok(()));
            self.came_to(id, fate);
        } else if self.ids[id].last == Some(fate) {
            assert_eq!(got, Ok(()), "the same again");
        } else {
            assert_eq!(got, Err(ResponseError::InvalidTxnState));
        }
    }

    fn end_and_go_on(&mut self, client: usize, fate: Fate) {
        let Client { id, producer, .. } = self.clients[client];
        let got = self.world.end_and_go_on(IDS[id], producer, fate == Fate::Committed);
        let Id { current, fenced, last, .. } = self.ids[id];
        let raised = Producer { epoch: producer.epoch + 1, ..producer };
        let is_current = current == Some(client);
        // Whoever held the epoch before is taken to ask again, if that epoch's transaction came to something.
        let is_repeated =
            fenced == Some(client) || current.is_some() && self.producer_of_current(id) == raised;
        if is_current && (self.ids[id].open.is_some() || fate == Fate::Aborted) {
            assert_eq!(got, Ok(raised));
            self.came_to(id, fate);
            self.ids[id].last = Some(fate);
            self.resume(client, raised);
        } else if is_current
            || is_repeated && self.ids[id].open.is_none() && last.is_some_and(|last| last != fate)
        {
            assert_eq!(got, Err(ResponseError::InvalidTxnState));
        } else if is_repeated && self.ids[id].open.is_none() && last == Some(fate) {
            assert_eq!(got, Ok(raised));
            if fenced == Some(client) {
                self.ids[id].current = self.ids[id].fenced.take();
                self.resume(client, raised);
            }
        } else {
            assert_eq!(got, Err(ResponseError::ProducerFenced));
        }
    }

    fn resume(&mut self, client: usize, producer: Producer) {
        let client = &mut self.clients[client];
        client.producer = producer;
        client.sequences = [0; PARTITIONS];
    }

    fn pass(&mut self, time_ms: u64) {
        self.world.pass(Duration::from_millis(time_ms));
        // Ends that are due together touch different ids, but maybe one log: the order is that of the timers.
        let now_ms = self.world.now.wall_ms;
        let mut late: Vec<(i64, usize)> = (0..IDS.len())
            .filter_map(|id| Some((self.ids[id].open.as_ref()?.until_ms, id)))
            .filter(|(until_ms, _)| *until_ms <= now_ms)
            .collect();
        late.sort_unstable();
        for (_, id) in late {
            self.fence(id);
        }
    }

    fn abort(&mut self, id: usize) {
        if self.ids[id].open.is_some() {
            self.came_to(id, Fate::Aborted);
        }
    }

    fn came_to(&mut self, id: usize, fate: Fate) {
        let Some(open) = self.ids[id].open.take() else { return };
        self.fates[open.transaction] = fate;
        self.ids[id].last = Some(fate);
        if fate == Fate::Committed && open.offset.is_some() {
            self.ids[id].offset = open.offset;
        }
        for partition in open.partitions {
            self.logs[partition].push(Entry::Marker);
        }
    }

    fn new_value(&mut self) -> u64 {
        self.next_value += 1;
        self.next_value
    }

    /// Compares what readers of both kinds see of a partition with what they should.
    fn check(&mut self, index: usize) {
        for (id, name) in self.ids.iter().zip(IDS) {
            assert_eq!(self.world.committed(name, 0), id.offset);
        }
        let log = &self.logs[index];
        let is_open =
            |entry: &Entry| matches!(entry, Entry::InTransaction(_, of) if self.fates[*of] == Fate::Open);
        let stable = log.iter().position(is_open).unwrap_or(log.len());
        let written = |entry: &Entry| match entry {
            Entry::Marker => None,
            Entry::Plain(value) | Entry::InTransaction(value, _) => Some(*value),
        };
        let committed = |entry: &&Entry| match entry {
            Entry::InTransaction(_, of) => self.fates[*of] == Fate::Committed,
            Entry::Marker | Entry::Plain(_) => true,
        };
        let all: Vec<u64> = log.iter().filter_map(written).collect();
        let visible: Vec<u64> = log[..stable].iter().filter(committed).filter_map(written).collect();
        let end = log.len() as i64;
        let max_bytes = self.random.i32(1..400);
        let uncommitted = self.world.read(index as i32, false, max_bytes);
        assert_eq!((uncommitted.values, uncommitted.position), (all, end));
        let seen = self.world.read(index as i32, true, max_bytes);
        assert_eq!((seen.values, seen.position, seen.last_stable), (visible, stable as i64, stable as i64));
    }
}
