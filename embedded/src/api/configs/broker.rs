//! The settings of a broker as clients see them. They come from the options that the cluster was started with and
//! cannot be altered.

use super::words;
use super::{DEFAULT, Described, STATIC, Synonym, code};
use crate::log::config::{DEFINITIONS, Kind};
use crate::state::nodes::Address;
use crate::state::topics::INTERNAL_PARTITIONS;
use crate::state::{NodeId, State};

const ANY_INT: Kind = Kind::Int(i64::MIN, i64::MAX);
const ANY_LONG: Kind = Kind::Long(i64::MIN, i64::MAX);
const TEXT: Kind = Kind::Choice(&[]);

/// Returns every setting of a broker, by name.
pub(super) fn describe(state: &State, node: NodeId) -> Vec<Described> {
    let mut all: Vec<Described> = given(state, node).chain(defaults()).chain(of_topics()).collect();
    all.sort_by_key(|described| described.name);
    all
}

/// Returns what a setting is, if a broker has it.
pub(super) fn find(state: &State, node: NodeId, name: &str) -> Option<Described> {
    describe(state, node).into_iter().find(|described| described.name == name)
}

fn one(name: &'static str, kind: Kind, value: Option<String>, source: i8) -> Described {
    let synonym = value.clone().map(|value| Synonym { name, value: Some(value), source });
    Described {
        name,
        value,
        source,
        kind: code(kind),
        read_only: true,
        synonyms: synonym.into_iter().collect(),
        documentation: "A setting of the embedded cluster, given when it is started.",
    }
}

/// What the options say.
fn given(state: &State, node: NodeId) -> impl Iterator<Item = Described> {
    let options = &state.options;
    let security = &options.security;
    let millis = |time: std::time::Duration| time.as_millis().to_string();
    let listeners = state.nodes.get(node).map(|node| {
        let listeners = options.listeners.iter().enumerate().map(|(listener, protocol)| {
            let Address { host, port } = node.address(listener);
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_string() };
            format!("{protocol}://{host}:{port}")
        });
        listeners.collect::<Vec<_>>().join(",")
    });
    let mechanisms: Vec<&str> = security.mechanisms.iter().map(|mechanism| mechanism.name()).collect();
    let (boolean, int, long, list) = (Kind::Boolean, ANY_INT, ANY_LONG, Kind::Anything);
    let cleaning = millis(options.cleaning_interval);
    let factor = options.default_replication_factor().to_string();
    [
        ("advertised.listeners", list, listeners.clone().unwrap_or_default()),
        ("auto.create.topics.enable", boolean, options.auto_create_topics.to_string()),
        ("broker.id", int, node.to_string()),
        ("connections.max.reauth.ms", long, millis(security.max_reauth)),
        ("default.replication.factor", int, factor.clone()),
        ("group.consumer.heartbeat.interval.ms", int, millis(options.consumer_heartbeat_interval)),
        ("group.initial.rebalance.delay.ms", int, millis(options.initial_rebalance_delay)),
        ("group.max.session.timeout.ms", int, millis(options.max_session_timeout)),
        ("group.min.session.timeout.ms", int, millis(options.min_session_timeout)),
        ("listeners", list, listeners.unwrap_or_default()),
        ("log.cleaner.backoff.ms", long, cleaning.clone()),
        ("log.retention.check.interval.ms", long, cleaning),
        ("node.id", int, node.to_string()),
        ("num.partitions", int, options.default_partitions.to_string()),
        ("offsets.topic.replication.factor", int, factor.clone()),
        ("sasl.enabled.mechanisms", list, mechanisms.join(",")),
        ("transaction.state.log.replication.factor", int, factor),
    ]
    .into_iter()
    .map(|(name, kind, value)| one(name, kind, Some(value), STATIC))
}

/// What is as in Kafka.
fn defaults() -> impl Iterator<Item = Described> {
    let internal = Some(INTERNAL_PARTITIONS.to_string());
    let text = |value: &str| Some(value.to_owned());
    [
        ("delete.topic.enable", Kind::Boolean, text("true")),
        ("fetch.max.bytes", ANY_INT, text("57671680")),
        ("log.retention.hours", ANY_INT, text("168")),
        ("log.retention.minutes", ANY_INT, None),
        ("log.retention.ms", ANY_LONG, None),
        ("log.roll.hours", ANY_INT, text("168")),
        ("log.roll.ms", ANY_LONG, None),
        ("offset.metadata.max.bytes", ANY_INT, text("4096")),
        ("offsets.topic.num.partitions", ANY_INT, internal.clone()),
        ("security.inter.broker.protocol", TEXT, text("PLAINTEXT")),
        ("socket.request.max.bytes", ANY_INT, text("104857600")),
        ("transaction.max.timeout.ms", ANY_INT, text("900000")),
        ("transaction.state.log.num.partitions", ANY_INT, internal),
    ]
    .into_iter()
    .map(|(name, kind, value)| one(name, kind, value, DEFAULT))
}

/// The defaults of all topics. Kafka lets them be altered, so that they are not said to be read-only.
fn of_topics() -> impl Iterator<Item = Described> {
    DEFINITIONS.iter().filter_map(|definition| {
        let words = words::of(definition.name);
        let default = Some(definition.default.to_owned());
        let described = one(words.synonym?, definition.kind, default, DEFAULT);
        Some(Described { read_only: false, documentation: words.documentation, ..described })
    })
}
