//! The quick start of the README, on a Kafka in this process.

use std::time::Duration;

use serde_json::json;
use test_probe::{Directives, Event, Match, Probe};

#[tokio::test]
async fn an_order_comes_back_and_is_not_rejected() -> test_probe::Result<()> {
    let probe = Probe::embedded()?;
    let topics = Directives::from_yaml("topics: [{topic: orders, role: both, create: {partitions: 1}}]")?;
    let session = probe.open_session(topics).await?;
    let order = Event::new("OrderCreated").version("1").id("evt-1").key("o-1").json(json!({"total": 5}));
    let ack = session.produce_event("orders", order).await?;

    let created = Match::new().event_type("OrderCreated").value(json!({"total": 5}));
    let event = session.expect_event("orders", created, Some(Duration::from_secs(5))).await?;
    let rejected = Match::new().event_type("OrderRejected").after(&ack);
    let verdict = session.expect_none("orders", rejected, Duration::from_millis(300)).await?;
    session.close().await?;

    assert_eq!((event.events[0].partition, event.events[0].offset), (ack.partition, ack.offset));
    assert_eq!(verdict.coverage.partitions[&0].end, Some(ack.offset + 1));
    Ok(())
}
