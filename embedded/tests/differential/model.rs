//! What a sequence knows of the clusters, and which call it makes next.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use crate::calls::{Answer, Call, Place};

/// How many producers and members there are in a sequence. The first producers have no transactions.
const PLAIN_PRODUCERS: usize = 1;
pub(crate) const PRODUCERS: usize = 3;
pub(crate) const MEMBERS: usize = 2;
const GROUPS: usize = 2;
const TOPICS: usize = 2;
const PARTITIONS: i32 = 2;

/// What a sequence knows.
#[derive(Debug)]
pub(crate) struct Model {
    /// What names begin with.
    prefix: String,
    topics: BTreeSet<usize>,
    /// The next sequence number of each producer in each partition, since it got its epoch.
    sequences: BTreeMap<(usize, Place), i32>,
    producers: BTreeSet<usize>,
    /// The groups whose offsets are part of a transaction, at most one each.
    added: BTreeSet<(usize, usize)>,
    /// The members of each group that joined, with their generation.
    members: BTreeMap<usize, (Vec<usize>, i32)>,
}

impl Model {
    pub(crate) fn new(prefix: String) -> Self {
        let (sequences, members) = (BTreeMap::new(), BTreeMap::new());
        Self {
            prefix,
            topics: BTreeSet::new(),
            sequences,
            producers: BTreeSet::new(),
            added: BTreeSet::new(),
            members,
        }
    }

    pub(crate) fn topic(&self, topic: usize) -> String {
        format!("topic-{}-{topic}", self.prefix)
    }

    pub(crate) fn group(&self, group: usize) -> String {
        format!("group-{}-{group}", self.prefix)
    }

    /// Returns the transactional id of a producer that has one.
    pub(crate) fn transactional_id(&self, producer: usize) -> Option<String> {
        (producer >= PLAIN_PRODUCERS).then(|| format!("transaction-{}-{producer}", self.prefix))
    }

    /// The names of the topics that there are.
    pub(crate) fn topics(&self) -> impl Iterator<Item = String> {
        self.topics.iter().map(|topic| self.topic(*topic))
    }

    /// The names of the groups of the sequence.
    pub(crate) fn groups(&self) -> impl Iterator<Item = String> {
        (0..GROUPS).map(|group| self.group(group))
    }

    pub(crate) fn sequence(&self, producer: usize, place: Place) -> i32 {
        self.sequences.get(&(producer, place)).copied().unwrap_or(0)
    }

    pub(crate) fn members(&self, group: usize) -> (&[usize], i32) {
        self.members.get(&group).map_or((&[], -1), |(members, generation)| (members, *generation))
    }

    fn place(&self, random: &mut Rng) -> Place {
        // Now and then one that does not exist.
        let known: Vec<usize> = self.topics.iter().copied().collect();
        let topic = match random.u8(0..12) {
            0 => TOPICS,
            _ => known.get(random.usize(0..known.len().max(1))).copied().unwrap_or(0),
        };
        let partition = if random.u8(0..20) == 0 { 7 } else { random.i32(0..PARTITIONS) };
        Place { topic, partition }
    }

    fn producer(&self, random: &mut Rng) -> usize {
        random.usize(0..PRODUCERS)
    }

    fn transactional(&self, random: &mut Rng) -> usize {
        random.usize(PLAIN_PRODUCERS..PRODUCERS)
    }

    /// Mostly 0, sometimes what is wrong.
    fn slip(random: &mut Rng, wrong: &[i32]) -> i32 {
        if random.u8(0..8) == 0 { wrong[random.usize(0..wrong.len())] } else { 0 }
    }

    /// Returns the next call.
    pub(crate) fn next(&self, random: &mut Rng) -> Call {
        let missing = (0..TOPICS).find(|topic| !self.topics.contains(topic));
        if let Some(topic) = missing.filter(|_| self.topics.is_empty() || random.u8(0..4) == 0) {
            return Call::CreateTopic { topic, partitions: PARTITIONS, factor: 1 };
        }
        let place = self.place(random);
        let group = random.usize(0..GROUPS);
        let member = random.usize(0..MEMBERS);
        let offset = random.i64(0..12);
        let is_committed = random.bool();
        match random.u32(0..100) {
            0..2 => Call::CreateTopic {
                topic: random.usize(0..TOPICS),
                partitions: random.i32(-2..3),
                factor: random.i16(-2..4),
            },
            2..4 => Call::DeleteTopic { topic: place.topic },
            4..8 => Call::Metadata { topic: place.topic },
            8..16 => Call::Produce {
                place,
                records: random.usize(1..4),
                acks: [-1, -1, 1, 1, 2][random.usize(0..5)],
            },
            16..34 => {
                // Mostly one that was initialised.
                let known: Vec<usize> = self.producers.iter().copied().collect();
                let producer = match random.u8(0..10) {
                    0 => self.producer(random),
                    _ => known.get(random.usize(0..known.len().max(1))).copied().unwrap_or(0),
                };
                // Kafka remembers the sequence of a first batch that it refused; that is not compared.
                let known = self.sequence(producer, place);
                let wrong: &[i32] = if known > 0 { &[-1, 1, 5, 1000] } else { &[0] };
                Call::ProduceAs {
                    producer,
                    place,
                    records: random.usize(1..4),
                    sequence: Self::slip(random, wrong),
                    epoch: Self::slip(random, &[-1, 1]) as i16,
                }
            }
            34..44 => Call::Fetch { place, offset, is_committed },
            44..50 => Call::ListOffsets {
                place,
                timestamp: [-1, -2, -3, -4, 0, 1000, 1001, 1002, 5000][random.usize(0..9)],
                is_committed,
            },
            50..56 => Call::InitProducer { producer: self.producer(random), keeps: random.u8(0..3) == 0 },
            56..62 => Call::AddPartition {
                producer: self.transactional(random),
                place,
                epoch: Self::slip(random, &[-1, 1]) as i16,
            },
            62..64 => {
                let producer = self.transactional(random);
                let added = self.added.iter().find(|(of, _)| *of == producer);
                Call::AddOffsets { producer, group: added.map_or(group, |(_, group)| *group) }
            }
            64..67 => {
                let producer = self.transactional(random);
                // Whether two groups are the same place to a transaction depends on a setting of Kafka.
                let added = self.added.iter().find(|(of, _)| *of == producer);
                let group = added.map_or(group, |(_, group)| *group);
                Call::CommitInTransaction { producer, group, place, offset }
            }
            67..73 => Call::EndTransaction {
                producer: self.transactional(random),
                commit: random.bool(),
                epoch: Self::slip(random, &[-1, 1]) as i16,
            },
            73..77 => Call::Commit {
                group,
                member: random.bool().then_some(member),
                place,
                offset,
                generation: Self::slip(random, &[-1, 1]),
            },
            77..80 => Call::Committed { group, place: random.bool().then_some(place), stable: random.bool() },
            80..84 => Call::Join { group, member },
            84..86 => Call::JoinUnknown { group },
            86..88 => Call::Heartbeat { group, member, generation: Self::slip(random, &[-1, 1]) },
            88..90 => Call::Leave { group, member },
            90..92 => Call::DescribeGroup { group },
            92..93 => Call::DeleteGroup { group },
            93..94 => Call::DeleteOffset { group, place },
            94..96 => Call::DescribeProducers { place },
            96..98 => Call::DescribeTransaction { producer: self.transactional(random) },
            _ => Call::LeaderEpoch { place, epoch: random.i32(-1..3) },
        }
    }

    /// Learns from an answer, on which both agreed.
    pub(crate) fn learn(&mut self, call: &Call, answer: &Answer) {
        let is_ok = answer.code == 0;
        match call {
            Call::CreateTopic { topic, .. } if is_ok => _ = self.topics.insert(*topic),
            Call::DeleteTopic { topic } if is_ok => {
                self.topics.remove(topic);
                self.sequences.retain(|(_, place), _| place.topic != *topic);
            }
            Call::ProduceAs { producer, place, records, sequence, .. } if is_ok => {
                let next = self.sequence(*producer, *place) + sequence + *records as i32;
                // A duplicate is taken, and changes nothing.
                if *sequence >= 0 {
                    self.sequences.insert((*producer, *place), next);
                }
            }
            Call::AddOffsets { producer, group } if is_ok => _ = self.added.insert((*producer, *group)),
            Call::EndTransaction { producer, .. } if is_ok => self.added.retain(|(of, _)| of != producer),
            Call::InitProducer { producer, .. } if is_ok => {
                self.added.retain(|(of, _)| of != producer);
                self.producers.insert(*producer);
                self.sequences.retain(|(of, _), _| of != producer);
            }
            Call::Join { group, member } if is_ok => {
                let (members, generation) = self.members.entry(*group).or_default();
                if !members.contains(member) {
                    members.push(*member);
                }
                *generation = answer.generation;
            }
            Call::Leave { group, member } if is_ok => {
                if let Some((members, _)) = self.members.get_mut(group) {
                    members.retain(|one| one != member);
                }
            }
            _ => {}
        }
    }
}
