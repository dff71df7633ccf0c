//! Brokers with several listeners: clients are told the addresses of the one that they came by.

#[expect(dead_code, reason = "each test binary uses its part of it")]
mod support;

use kafka_protocol::messages::{
    DescribeClusterRequest, FindCoordinatorRequest, MetadataRequest, SaslAuthenticateRequest,
    SaslHandshakeRequest,
};
use support::{Client, text};
use test_probe_embedded::security::{Mechanism, Protocol, SecurityOptions, User};
use test_probe_embedded::{EmbeddedKafka, Options, StartError};

const LISTENERS: [Protocol; 3] = [Protocol::Plaintext, Protocol::SaslPlaintext, Protocol::SaslSsl];

fn options() -> Options {
    let security = SecurityOptions::sasl(Mechanism::Plain, [User::new("alice", "wonder")]);
    Options { listeners: LISTENERS.to_vec(), security, ..Options::with_brokers(2) }
}

fn servers(kafka: &EmbeddedKafka, protocol: Protocol) -> Vec<String> {
    let servers = kafka.bootstrap_servers_of(protocol).expect("a listener");
    servers.split(',').map(str::to_owned).collect()
}

fn log_in(client: &mut Client) {
    let handshake = SaslHandshakeRequest::default().with_mechanism(text("PLAIN"));
    assert_eq!(client.call(1, &handshake).error_code, 0);
    let token = SaslAuthenticateRequest::default().with_auth_bytes(b"\0alice\0wonder".as_slice().into());
    assert_eq!(client.call(2, &token).error_code, 0);
}

/// Checks that every answer with addresses has those of the listener.
fn is_told(client: &mut Client, servers: &[String]) {
    let metadata = client.call(12, &MetadataRequest::default());
    let told: Vec<String> =
        metadata.brokers.iter().map(|broker| format!("{}:{}", broker.host, broker.port)).collect();
    assert_eq!(told, servers);
    let cluster = client.call(0, &DescribeClusterRequest::default());
    let told: Vec<String> =
        cluster.brokers.iter().map(|broker| format!("{}:{}", broker.host, broker.port)).collect();
    assert_eq!(told, servers);
    let found =
        client.call(4, &FindCoordinatorRequest::default().with_coordinator_keys(vec![text("g"), text("h")]));
    for coordinator in found.coordinators {
        let told = format!("{}:{}", coordinator.host, coordinator.port);
        assert_eq!(told, servers[coordinator.node_id.0 as usize - 1]);
    }
}

#[test]
fn clients_are_told_the_addresses_of_the_listener_that_they_came_by() {
    let kafka = EmbeddedKafka::start(options()).expect("a cluster");
    let plain = servers(&kafka, Protocol::Plaintext);
    let sasl = servers(&kafka, Protocol::SaslPlaintext);
    assert_eq!((plain.len(), sasl.len()), (2, 2));
    assert_eq!(kafka.bootstrap_servers(), plain.join(","));
    assert_eq!(kafka.bootstrap_servers_of(Protocol::Ssl), None);
    assert_eq!(kafka.listeners().iter().map(|(protocol, _)| *protocol).collect::<Vec<_>>(), LISTENERS);
    for server in &plain {
        is_told(&mut Client::connect(server), &plain);
    }
    for server in &sasl {
        let mut client = Client::connect(server);
        log_in(&mut client);
        is_told(&mut client, &sasl);
    }
}

#[test]
fn what_a_listener_asks_for_is_asked_by_it_alone() {
    let kafka = EmbeddedKafka::start(options()).expect("a cluster");
    let sasl = &servers(&kafka, Protocol::SaslPlaintext)[0];
    assert!(Client::connect(sasl).try_call(12, &MetadataRequest::default()).is_err(), "nobody logged in");
    let tls = &servers(&kafka, Protocol::SaslSsl)[0];
    assert!(Client::connect(tls).try_call(12, &MetadataRequest::default()).is_err(), "it was no TLS");
    assert!(kafka.certificate_authority().is_some());
}

#[test]
fn a_broker_stops_and_starts_with_all_its_listeners() {
    let kafka = EmbeddedKafka::start(options()).expect("a cluster");
    let before = kafka.listeners();
    let refuses = |protocol| std::net::TcpStream::connect(&servers(&kafka, protocol)[1]).is_err();
    kafka.stop_broker(2).expect("it stops");
    assert!(LISTENERS.into_iter().all(refuses), "broker 2 still listened");
    kafka.start_broker(2).expect("it starts");
    assert!(!LISTENERS.into_iter().any(refuses), "broker 2 did not listen");
    assert_eq!(kafka.listeners(), before);
}

#[test]
fn listeners_that_cannot_be_are_refused_before_anything_listens() {
    let refused = |listeners: &[Protocol]| {
        let options = Options { listeners: listeners.to_vec(), ..Options::default() };
        match EmbeddedKafka::start(options) {
            Err(error @ StartError::InvalidOption { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&[]), "option `listeners` was invalid: there was none");
    let twice = refused(&[Protocol::Plaintext, Protocol::Plaintext]);
    assert_eq!(twice, "option `listeners` was invalid: `PLAINTEXT` was given twice");
    let nobody = refused(&[Protocol::Plaintext, Protocol::SaslPlaintext]);
    assert_eq!(nobody, "option `security` was invalid: `SASL_PLAINTEXT` was asked for without a mechanism");
}

#[test]
fn the_ports_follow_the_first_one_listener_by_listener() {
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    // Others may take one of the ports meanwhile; then there is nothing to see here but the error.
    let port = free.min(u16::MAX - 8);
    match EmbeddedKafka::start(Options { port, ..options() }) {
        Ok(kafka) => {
            let plain = format!("127.0.0.1:{port},127.0.0.1:{}", port + 1);
            assert_eq!(kafka.bootstrap_servers(), plain);
            let sasl = format!("127.0.0.1:{},127.0.0.1:{}", port + 2, port + 3);
            assert_eq!(kafka.bootstrap_servers_of(Protocol::SaslPlaintext), Some(sasl));
        }
        Err(StartError::Listen { address, .. }) => assert!((port..port + 6).contains(&address.port())),
        Err(error) => panic!("{error}"),
    }
}
