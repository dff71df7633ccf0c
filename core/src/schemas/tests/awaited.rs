//! Schemas that records ask for, while nobody waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use serde_json::json;
use test_probe_formats::framing::SchemaId;
use tokio::time::Instant;

use super::script::{Reaction, Script, plain, within};
use crate::codec::{Lookup, Schemas};
use crate::error::{ErrorCode, ProbeError};
use crate::schemas::SchemaRegistry;

const ID: SchemaId = SchemaId::Number(7);

fn stored() -> Reaction {
    Reaction::Answer(200, json!({"schema": "\"string\""}))
}

fn awaited(registry: &SchemaRegistry) -> ProbeError {
    match registry.by_id(ID) {
        Lookup::Awaited(error) => error,
        other => panic!("{other:?}"),
    }
}

async fn settle(registry: &SchemaRegistry, times: u64) {
    let mut settled = registry.settled();
    within(600).wait("settling", settled.wait_for(|count| *count >= times)).await.unwrap().unwrap();
}

fn is_ready(registry: &SchemaRegistry) -> bool {
    matches!(registry.by_id(ID), Lookup::Ready(_))
}

#[tokio::test(start_paused = true)]
async fn an_unknown_id_is_awaited_fetched_once_and_then_ready() {
    let script = Script::new(|_| Reaction::Slow(Duration::from_millis(50), Box::new(stored())));
    let registry = plain(&script);
    let error = awaited(&registry);
    assert_eq!(error.code(), ErrorCode::RegistryUnreachable);
    assert!(error.message().contains("schema `7`"), "{error}");
    awaited(&registry);
    assert_eq!(registry.state()["awaited_schemas"], 1);
    registry.schema(ID, within(9)).await.unwrap();
    settle(&registry, 1).await;
    assert!(is_ready(&registry));
    assert_eq!(script.lines(), ["GET http://a/schemas/ids/7"]);
    assert_eq!(registry.state()["awaited_schemas"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_guid_is_asked_for_by_its_own_name() {
    let script = Script::of(vec![stored()]);
    let registry = plain(&script);
    registry.by_id(SchemaId::Guid([1; 16]));
    settle(&registry, 1).await;
    assert_eq!(script.lines(), ["GET http://a/schemas/guids/01010101-0101-0101-0101-010101010101"]);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_down_for_minutes_is_tried_until_it_is_back() {
    let up = Arc::new(AtomicBool::new(false));
    let seen = up.clone();
    let script = Script::new(move |_| if seen.load(Relaxed) { stored() } else { Reaction::Broken });
    let registry = plain(&script);
    awaited(&registry);
    tokio::time::sleep(Duration::from_secs(300)).await;
    let error = awaited(&registry);
    assert!(matches!(error.code(), ErrorCode::RegistryUnreachable | ErrorCode::CircuitOpen), "{error:?}");
    let tries = script.seen().len();
    assert!((10..40).contains(&tries), "{tries} tries in five minutes");
    up.store(true, Relaxed);
    let began = Instant::now();
    settle(&registry, 1).await;
    assert!(is_ready(&registry));
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_are_served_when_one_of_them_finds_the_registry_back() {
    let up = Arc::new(AtomicBool::new(false));
    let seen = up.clone();
    let script = Script::new(move |_| if seen.load(Relaxed) { stored() } else { Reaction::Broken });
    let registry = plain(&script);
    for number in 0..20 {
        registry.by_id(SchemaId::Number(number));
    }
    tokio::time::sleep(Duration::from_secs(100)).await;
    up.store(true, Relaxed);
    let first = Instant::now();
    settle(&registry, 1).await;
    let rest = Instant::now();
    settle(&registry, 20).await;
    assert!(first.elapsed() < Duration::from_secs(40));
    assert!(rest.elapsed() < Duration::from_secs(6), "{:?}", rest.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_id_that_the_registry_does_not_have_fails_for_a_short_time() {
    let script = Script::of(vec![
        Reaction::Answer(404, json!({"error_code": 40403, "message": "Schema 7 not found"})),
        stored(),
    ]);
    let registry = plain(&script);
    awaited(&registry);
    settle(&registry, 1).await;
    let Lookup::Failed(error) = registry.by_id(ID) else { panic!("not failed") };
    assert_eq!(error.code(), ErrorCode::SchemaNotFound);
    tokio::time::advance(Duration::from_secs(9)).await;
    assert!(matches!(registry.by_id(ID), Lookup::Failed(_)));
    tokio::time::advance(Duration::from_secs(1)).await;
    awaited(&registry);
    settle(&registry, 2).await;
    assert!(is_ready(&registry));
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_cannot_be_read_fails_and_is_not_tried_again_at_once() {
    let script = Script::of(vec![Reaction::Answer(200, json!({"schema": "nonsense"}))]);
    let registry = plain(&script);
    awaited(&registry);
    settle(&registry, 1).await;
    let Lookup::Failed(error) = registry.by_id(ID) else { panic!("not failed") };
    assert_eq!((error.code(), script.seen().len()), (ErrorCode::DecodeFailed, 1));
}

#[tokio::test(start_paused = true)]
async fn the_client_going_ends_what_it_does_in_the_background() {
    let script = Script::of(vec![Reaction::Broken]);
    let registry = plain(&script);
    awaited(&registry);
    let (mut settled, inner) = (registry.settled(), Arc::downgrade(&registry.inner));
    tokio::time::sleep(Duration::from_secs(3)).await;
    drop(registry);
    within(9).wait("the end", settled.changed()).await.unwrap().unwrap_err();
    let tries = script.seen().len();
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!((script.seen().len(), inner.strong_count()), (tries, 0));
}

#[tokio::test(start_paused = true)]
async fn junk_that_looks_like_ids_does_not_flood_the_registry() {
    let script = Script::new(|_| {
        Reaction::Slow(
            Duration::from_millis(100),
            Box::new(Reaction::Answer(404, json!({"error_code": 40403}))),
        )
    });
    let registry = plain(&script);
    for number in 0..2_000 {
        registry.by_id(SchemaId::Number(number));
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(script.seen().len(), 32);
    settle(&registry, 2_000).await;
}
