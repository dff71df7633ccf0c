//! Many clients, slow clients, clients that vanish.

use std::time::{Duration, Instant};

use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::{
    ApiVersionsRequest, DescribeGroupsRequest, FetchRequest, JoinGroupRequest, MetadataRequest,
    ProduceRequest,
};
use kafka_protocol::protocol::StrBytes;
use test_probe_embedded::faults::{Api, Outcome};
use test_probe_embedded::{EmbeddedKafka, Options};

use crate::support::{Client, PATIENCE, Producer, batch, eventually, fetch, produce, text};
use crate::{alone, create, resident, started, together};

const MIB: usize = 1 << 20;

#[test]
fn a_thousand_connections_are_served_at_once() {
    let _alone = alone();
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum.map(|most| most.min(8192)), ..limit };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).expect("more files");
    let kafka = started();
    let address = kafka.bootstrap_servers();
    create(&mut Client::connect(&address), "crowded");
    let mut clients: Vec<Client> = (0..1000).map(|_| Client::connect(&address)).collect();
    let versions = ApiVersionsRequest::default()
        .with_client_software_name(text("test"))
        .with_client_software_version(text("1"));
    let metadata = MetadataRequest::default().with_topics(None);
    let produce = produce(&[("crowded", 0)], batch(&["a"], Producer::NONE), -1);
    clients.iter_mut().for_each(|client| client.send(3, &versions).expect("sent"));
    for client in &mut clients {
        assert_eq!(client.receive::<ApiVersionsRequest>(3).expect("an answer").error_code, 0);
    }
    clients.iter_mut().for_each(|client| client.send(12, &metadata).expect("sent"));
    for client in &mut clients {
        assert_eq!(client.receive::<MetadataRequest>(12).expect("an answer").topics.len(), 1);
    }
    clients.iter_mut().for_each(|client| client.send(9, &produce).expect("sent"));
    let mut offsets: Vec<i64> = clients
        .iter_mut()
        .map(|client| {
            let response = client.receive::<ProduceRequest>(9).expect("an answer");
            response.responses[0].partition_responses[0].base_offset
        })
        .collect();
    offsets.sort_unstable();
    assert_eq!(offsets, (0..1000).collect::<Vec<i64>>());
}

#[test]
fn a_client_that_does_not_read_holds_nobody_up_and_takes_the_memory_of_one_answer() {
    let _alone = alone();
    let kafka = started();
    let address = kafka.bootstrap_servers();
    let mut client = Client::connect(&address);
    create(&mut client, "large");
    let value = "x".repeat(MIB - 1000);
    for _ in 0..50 {
        let response = client.produce(&[("large", 0)], &[&value]);
        assert_eq!(response.responses[0].partition_responses[0].error_code, 0);
    }
    let before = resident();
    let mut slow = Client::connect(&address);
    let mut request = fetch(&[("large", 0)], 0, 0);
    request.topics[0].partitions[0].partition_max_bytes = 50 << 20;
    // Each answer is a segment of a mebibyte; the sockets' buffers hold a few of them.
    for _ in 0..100 {
        slow.send(12, &request).expect("sent");
    }
    eventually("the first was answered", || !kafka.requests().of(Api::Fetch).is_empty());
    for _ in 0..20 {
        let began = Instant::now();
        client.fetch(("large", 0), 49);
        assert!(began.elapsed() < PATIENCE / 4, "a slow reader held another one up");
    }
    let read = kafka.requests().of(Api::Fetch).iter().filter(|seen| seen.peer == slow.address()).count();
    assert!(read < 50, "{read} requests were read though no answer was");
    let grown = resident().saturating_sub(before);
    assert!(grown < 50 * MIB, "{} MiB more", grown / MIB);
}

#[test]
fn a_client_that_vanishes_in_a_long_poll_is_forgotten() {
    let _together = together();
    let kafka = started();
    let mut client = Client::connect(&kafka.bootstrap_servers());
    create(&mut client, "quiet");
    let mut gone = Client::connect(&kafka.bootstrap_servers());
    gone.send(12, &fetch(&[("quiet", 0)], 0, 60_000)).expect("sent");
    let outcomes = || kafka.requests().of(Api::Fetch).iter().map(|seen| seen.outcome).collect::<Vec<_>>();
    eventually("it waits", || outcomes() == [Outcome::Waiting]);
    drop(gone);
    eventually("it is over", || outcomes() == [Outcome::Closed]);
    client.produce(&[("quiet", 0)], &["a"]);
    let response = client.call::<FetchRequest>(12, &fetch(&[("quiet", 0)], 0, 0));
    assert_eq!(response.responses[0].partitions[0].high_watermark, 1);
}

#[test]
fn a_member_that_vanishes_while_it_joins_is_forgotten_with_its_session() {
    let _together = together();
    let options = Options { initial_rebalance_delay: Duration::from_millis(300), ..Options::default() };
    let kafka = EmbeddedKafka::start(options).expect("a cluster");
    let mut client = Client::connect(&kafka.bootstrap_servers());
    let protocol = JoinGroupRequestProtocol::default().with_name(text("plan"));
    let request = JoinGroupRequest::default()
        .with_group_id(text("g").into())
        .with_session_timeout_ms(1000)
        .with_rebalance_timeout_ms(1000)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol]);
    let mut gone = Client::connect(&kafka.bootstrap_servers());
    // Of the last version in which a member may join without an id.
    gone.send(3, &request.with_member_id(StrBytes::default())).expect("sent");
    eventually("it waits", || kafka.requests().of(Api::JoinGroup).len() == 1);
    drop(gone);
    let describe = DescribeGroupsRequest::default().with_groups(vec![text("g").into()]);
    eventually("the group is empty", || {
        let response = client.call(5, &describe);
        response.groups[0].members.is_empty()
    });
    let seen = kafka.requests().of(Api::JoinGroup);
    assert_eq!(seen[0].outcome, Outcome::Closed);
}
