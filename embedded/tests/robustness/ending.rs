//! A cluster that ends leaves nothing, and knows nothing of others.

use std::time::{Duration, Instant};

use kafka_protocol::messages::MetadataRequest;
use test_probe_embedded::faults::Api;
use test_probe_embedded::{EmbeddedKafka, Limits, Options, WhenFull};

use crate::support::{Client, eventually, fetch};
use crate::{alone, create, started, together};

/// How many threads of clusters and open files this process has; the runner of the tests has threads of its own,
/// which come and go.
fn held() -> (usize, usize) {
    let entries = |path| std::fs::read_dir(path).expect("Linux").flatten();
    let is_ours = |name: &String| name.trim_end() == "embedded-kafka";
    let names = entries("/proc/self/task").map(|task| std::fs::read_to_string(task.path().join("comm")));
    (names.flatten().filter(|name| is_ours(name)).count(), entries("/proc/self/fd").count())
}

#[test]
fn stopping_with_clients_that_wait_leaves_no_thread_no_socket_and_no_file() {
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a folder");
    let before = held();
    let when_full = WhenFull::Spill { dir: Some(dir.path().to_owned()) };
    let limits = Limits { memory_bytes: 100_000, when_full };
    let kafka = EmbeddedKafka::start(Options { limits, ..Options::default() }).expect("a cluster");
    let address = kafka.bootstrap_servers();
    let mut client = Client::connect(&address);
    create(&mut client, "quiet");
    create(&mut client, "spilled");
    let value = "x".repeat(10_000);
    for _ in 0..50 {
        client.produce(&[("spilled", 0)], &[&value]);
    }
    let mut clients: Vec<Client> = (0..100).map(|_| Client::connect(&address)).collect();
    for client in &mut clients[..50] {
        client.send(12, &fetch(&[("quiet", 0)], 0, 600_000)).expect("sent");
    }
    eventually("they wait", || kafka.requests().of(Api::Fetch).len() == 50);
    let began = Instant::now();
    drop(kafka);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "stopping took {took:?}");
    assert!(clients.iter_mut().all(Client::is_closed));
    assert!(std::net::TcpStream::connect(&address).is_err(), "the port is closed");
    drop((client, clients));
    assert_eq!(held(), before);
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 0);
}

#[test]
fn two_hundred_clusters_one_after_the_other_leave_nothing() {
    let _alone = alone();
    drop(started());
    let before = held();
    for _ in 0..200 {
        let kafka = started();
        Client::connect(&kafka.bootstrap_servers()).call(12, &MetadataRequest::default().with_topics(None));
    }
    assert_eq!(held(), before);
}

#[test]
fn two_clusters_of_a_process_do_not_see_each_other() {
    let _together = together();
    let (one, other) = (started(), started());
    let mut client = Client::connect(&one.bootstrap_servers());
    create(&mut client, "mine");
    client.produce(&[("mine", 0)], &["a"]);
    let mut stranger = Client::connect(&other.bootstrap_servers());
    assert!(stranger.call(12, &MetadataRequest::default().with_topics(None)).topics.is_empty());
    assert_ne!(one.cluster_id(), other.cluster_id());
    assert!(other.requests().of(Api::Produce).is_empty());
    drop(one);
    create(&mut stranger, "theirs");
}

#[test]
fn a_forked_child_that_drops_the_handle_does_not_wait_for_a_thread_that_it_does_not_have() {
    let _alone = alone();
    let kafka = started();
    // SAFETY: the child only drops the handle, which allocates nothing and takes no lock, and ends at once
    // without running anything of the parent's.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no child");
    if child == 0 {
        drop(kafka);
        // SAFETY: it ends the child, as above.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    eventually("the child ended", || {
        // SAFETY: it is a child of this process, and the status is a place of this function.
        unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) == child }
    });
    assert_eq!(status, 0);
    let mut client = Client::connect(&kafka.bootstrap_servers());
    create(&mut client, "still-there");
}
