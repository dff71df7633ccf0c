//! What lies in the log, read with eyes of our own: nothing here calls the engine's codec.

use test_probe::Match;
use test_probe::broker::simulated::{LoggedRecord, SimCluster, SimRecord};

/// The header by which every record of a schedule has a name of its own.
pub(crate) const SERIAL: &str = "x-serial";
/// The header with which a session marks what it produces, to know its own for certain.
pub(crate) const OWN: &str = "x-own";
pub(crate) const REGION: &str = "region";
pub(crate) const KINDS: [&str; 3] = ["A", "B", "C"];
pub(crate) const REGIONS: [&str; 2] = ["north", "south"];
/// No schedule has more partitions than this.
pub(crate) const PARTITIONS: i32 = 6;

/// Where a session looks for the test id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    CloudEvent,
    Foreign,
}

impl Place {
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::CloudEvent => "ce_testid",
            Self::Foreign => "x-test",
        }
    }
}

/// The value of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Number(i64),
    Null,
    Undecodable,
}

/// A record as a foreign client writes it.
#[derive(Clone, Debug)]
pub(crate) struct Foreign {
    pub(crate) serial: u32,
    pub(crate) owners: Vec<(Place, String)>,
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) region: &'static str,
    pub(crate) body: Body,
}

impl Foreign {
    pub(crate) fn to_record(&self) -> SimRecord {
        let mut record = match self.body {
            Body::Number(n) => SimRecord::of(format!("{{\"n\":{n},\"more\":[1,2]}}")),
            Body::Null => SimRecord::default(),
            Body::Undecodable => SimRecord::of("{\"n\": oops"),
        };
        for (place, owner) in &self.owners {
            record = record.header(place.header(), owner.clone());
        }
        record
            .header("ce_correlationid", self.id.clone())
            .header("ce_type", self.kind)
            .header(REGION, self.region)
            .header(SERIAL, format!("f{}", self.serial))
    }
}

/// One record that ever lay in the log.
#[derive(Clone, Debug)]
pub(crate) struct Truth {
    pub(crate) partition: i32,
    pub(crate) logged: LoggedRecord,
    pub(crate) serial: String,
    pub(crate) own_of: Option<usize>,
    pub(crate) id: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) body: Body,
}

impl Truth {
    fn read(partition: i32, logged: LoggedRecord) -> Option<Self> {
        let record = logged.record.clone()?;
        let header = |name: &str| header(&record, name);
        let body = match &record.value {
            None => Body::Null,
            Some(bytes) => match serde_json::from_slice::<serde_json::Value>(bytes) {
                Ok(value) => Body::Number(value["n"].as_i64()?),
                Err(_) => Body::Undecodable,
            },
        };
        Some(Self {
            partition,
            serial: header(SERIAL)?,
            own_of: header(OWN).and_then(|own| own.parse().ok()),
            id: header("ce_correlationid").or_else(|| header("ce_id")),
            kind: header("ce_type"),
            region: header(REGION),
            body,
            logged,
        })
    }

    /// Returns whom the record is for, to a session that looks there.
    pub(crate) fn owner(&self, place: Place) -> Option<String> {
        header(self.logged.record.as_ref()?, place.header()).filter(|owner| !owner.is_empty())
    }

    pub(crate) fn describe(&self) -> String {
        let (logged, gone) = (&self.logged, self.logged.gone.map(|(why, _)| why));
        format!(
            "{} at {}/{} id {:?} type {:?} {:?} own of {:?} {:?} stable {} gone {gone:?} topic id {}",
            self.serial,
            self.partition,
            logged.offset,
            self.id,
            self.kind,
            self.body,
            self.own_of,
            logged.txn,
            logged.stable,
            logged.topic_id.0
        )
    }
}

fn header(record: &SimRecord, name: &str) -> Option<String> {
    let found = record.headers.iter().find(|(known, _)| known == name)?;
    String::from_utf8(found.1.as_ref()?.to_vec()).ok()
}

/// Returns everything that was ever written to a topic of this name, markers left out.
pub(crate) fn truths(sim: &SimCluster, topic: &str) -> Vec<Truth> {
    let of = |partition| {
        sim.records(topic, partition).into_iter().filter_map(move |logged| Truth::read(partition, logged))
    };
    (0..PARTITIONS).flat_map(of).collect()
}

/// What a test asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) id: Option<String>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) region: Option<&'static str>,
    pub(crate) number: Option<i64>,
    pub(crate) own: Option<bool>,
}

/// What a record is to a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// Its value cannot be read, and nothing else excludes it.
    Unknown,
}

impl Wanted {
    pub(crate) fn to_match(&self) -> Match {
        let mut wanted = Match::new();
        wanted.id = self.id.clone();
        wanted.event_type = self.kind.map(str::to_owned);
        if let Some(region) = self.region {
            wanted = wanted.header(REGION, region);
        }
        if let Some(number) = self.number {
            wanted = wanted.value(serde_json::json!({ "n": number }));
        }
        wanted.own = self.own;
        wanted
    }

    pub(crate) fn answer(&self, truth: &Truth, session: usize) -> Answer {
        let excluded = self.id.is_some() && self.id != truth.id
            || self.kind.is_some_and(|kind| truth.kind.as_deref() != Some(kind))
            || self.region.is_some_and(|region| truth.region.as_deref() != Some(region))
            || self.own.is_some_and(|own| own != (truth.own_of == Some(session)));
        match (excluded, truth.body, self.number) {
            (true, ..) => Answer::No,
            (false, Body::Undecodable, _) => Answer::Unknown,
            (false, _, None) => Answer::Yes,
            (false, Body::Number(n), Some(wanted)) if n == wanted => Answer::Yes,
            (false, Body::Number(_) | Body::Null, Some(_)) => Answer::No,
        }
    }
}
