use super::*;
use crate::broker::{NewTopic, TopicState};
use crate::error::ErrorCode;

#[test]
fn a_stalled_request_ends_exactly_at_its_deadline() {
    run(async {
        let cluster = small(Faults { request_ms: 5, ..Faults::none() }, 3);
        let broker = cluster.broker("p");
        cluster.stall(ms(10_000));
        let start = Instant::now();
        let answer = list(&broker, "t", OffsetSpec::Latest, Isolation::ReadCommitted, within(250)).await;
        assert_eq!(start.elapsed(), ms(250));
        assert_eq!(answer.listed.unwrap_err().code(), ErrorCode::TimedOut);
        let error = broker.describe(vec!["t".into()], within(0)).await.unwrap_err();
        assert_eq!((error.code(), start.elapsed()), (ErrorCode::TimedOut, ms(250)));
    });
}

#[test]
fn a_request_survives_an_outage_that_ends_before_its_deadline() {
    run(async {
        let cluster = small(Faults { request_ms: 5, ..Faults::none() }, 3);
        let broker = cluster.broker("p");
        for outage in [SimCluster::stall, SimCluster::disconnect] {
            outage(&cluster, ms(500));
            let answer =
                list(&broker, "t", OffsetSpec::Latest, Isolation::ReadCommitted, within(1_000)).await;
            assert_eq!(answer.listed.unwrap().unwrap().offset, 3);
        }
        assert_eq!(broker.last_problem().unwrap().code(), ErrorCode::BrokerUnreachable);
    });
}

#[test]
fn resume_lets_waiting_requests_go_on_at_once() {
    run(async {
        let cluster = small(Faults::none(), 3);
        let broker = cluster.broker("p");
        cluster.stall(ms(60_000));
        let start = Instant::now();
        let (described, ()) = tokio::join!(broker.describe(vec!["t".into()], within(5_000)), async {
            sleep(ms(70)).await;
            cluster.resume();
        });
        assert!(matches!(described.unwrap()[0].state, TopicState::Known { partitions: 1, .. }));
        assert_eq!(start.elapsed(), ms(70));
    });
}

#[test]
fn each_partition_answers_for_itself() {
    run(async {
        let faults = Faults { request_ms: 20, request_refused: 0.3, request_lost: 0.3, ..Faults::none() };
        let cluster = SimCluster::new(3, faults);
        cluster.create_topic("t", 40);
        let broker = cluster.broker("p");
        let queries = (0..40).map(|partition| OffsetQuery {
            at: TopicPartition::new("t", partition),
            spec: OffsetSpec::Latest,
            isolation: Isolation::ReadUncommitted,
        });
        let answers = broker.offsets(queries.collect(), within(300)).await;
        let partitions: Vec<i32> = answers.iter().map(|answer| answer.at.partition).collect();
        assert_eq!(partitions, (0..40).collect::<Vec<_>>());
        let count = |code: Option<ErrorCode>| {
            answers.iter().filter(|a| a.listed.as_ref().err().map(ProbeError::code) == code).count()
        };
        for outcome in [None, Some(ErrorCode::TimedOut), Some(ErrorCode::BrokerUnreachable)] {
            assert!(count(outcome) > 3, "{outcome:?}");
        }
    });
}

#[test]
fn the_end_depends_on_the_isolation_of_the_question() {
    run(async {
        let cluster = small(Faults::none(), 2);
        let broker = cluster.broker("p");
        cluster.append_in(cluster.begin(), "t", 0, SimRecord::of("open"));
        for (isolation, end) in [(Isolation::ReadCommitted, 2), (Isolation::ReadUncommitted, 3)] {
            let answer = list(&broker, "t", OffsetSpec::Latest, isolation, within(100)).await;
            let listed = answer.listed.unwrap().unwrap();
            assert_eq!((listed.offset, listed.leader_epoch), (end, Some(0)));
        }
        let late = OffsetSpec::Timestamp(cluster.clock() + 1);
        let answer = list(&broker, "t", late, Isolation::ReadCommitted, within(100)).await;
        assert_eq!(answer.listed.unwrap(), None);
    });
}

#[test]
fn a_missing_topic_and_a_denied_one_are_told_apart() {
    run(async {
        let cluster = small(Faults::none(), 2);
        let (broker, other) = (cluster.broker("p"), cluster.broker("q"));
        cluster.deny("p", "t");
        cluster.deny_group("p", "g");
        let described = broker.describe(vec!["t".into(), "none".into()], within(100)).await.unwrap();
        assert!(matches!(&described[0].state, TopicState::Failed(e) if e.code() == ErrorCode::NotAuthorized));
        assert!(matches!(described[1].state, TopicState::Unknown));
        assert!(matches!(
            other.describe(vec!["t".into()], within(100)).await.unwrap()[0].state,
            TopicState::Known { .. }
        ));
        let offsets = vec![(TopicPartition::new("t", 0), 2)];
        let error = broker.commit("g".into(), offsets.clone(), within(100)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::NotAuthorized);
        other.commit("g".into(), offsets, within(100)).await.unwrap();
        assert_eq!(cluster.committed("g")[&TopicPartition::new("t", 0)], 2);
        assert_eq!(cluster.commits().len(), 1);
    });
}

#[test]
fn creating_a_topic_twice_says_that_it_was_there() {
    run(async {
        let cluster = SimCluster::new(1, Faults::none());
        let broker = cluster.broker("p");
        let topic = NewTopic { topic: "n".into(), partitions: 2, replication_factor: 1, config: Vec::new() };
        assert!(broker.create_topic(topic.clone(), within(100)).await.unwrap());
        assert!(!broker.create_topic(topic, within(100)).await.unwrap());
        broker.close();
        assert_eq!(broker.describe(vec![], within(100)).await.unwrap_err().code(), ErrorCode::ShuttingDown);
    });
}

#[test]
fn a_topic_may_be_created_though_the_answer_was_lost() {
    run(async {
        let mut told = [0; 2];
        for seed in 0..30 {
            let cluster = SimCluster::new(seed, Faults { request_ms: 40, ..Faults::none() });
            let broker = cluster.broker("p");
            let topic =
                NewTopic { topic: "n".into(), partitions: 1, replication_factor: 1, config: Vec::new() };
            let (created, ()) = tokio::join!(broker.create_topic(topic, within(1_000)), async {
                sleep(ms(25)).await;
                cluster.disconnect(ms(30));
            });
            told[usize::from(created.unwrap())] += 1;
        }
        assert!(told[0] > 3 && told[1] > 3, "{told:?}");
    });
}
