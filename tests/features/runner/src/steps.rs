//! What each step does, by its name in `steps.json`.

use std::time::Duration;

use serde_json::{Value, json};
use test_probe::operation::{Operation, Outcome};
use test_probe::{ConsumedResult, ErrorCode, Event, ProbeError, words};

use crate::expression::Argument::{self, Number, Text};
use crate::plan::Step;
use crate::texts::{Found, Kind};
use crate::world::{Failure, World, mistake};

/// How often the journal is looked at for what no verb waits for.
const LOOK: Duration = Duration::from_millis(10);

type Done = Result<(), Failure>;

/// Runs a step, after what the one before left was raised.
pub(crate) async fn run(world: &mut World, found: &Found, step: &Step) -> Result<(), String> {
    let takes = matches!(found.name.as_str(), "expectation_is_inconclusive" | "step_fails");
    let mut done = if takes { Ok(()) } else { world.raise_kept() };
    if done.is_ok() {
        done = match found.kind {
            Kind::Outside => outside(world, found, step).await,
            Kind::Ours => ours(world, found, step).await,
            Kind::Vocabulary => match vocabulary(world, found, step).await {
                Err(failure) if !takes => world.keep(failure),
                done => done,
            },
        };
    }
    done.map_err(|failure| match failure {
        Failure::Probe(error) => format!("{error:?}"),
        Failure::Other(text) => text,
    })
}

async fn outside(world: &mut World, found: &Found, step: &Step) -> Done {
    let argument = |argument: &Argument| match argument {
        Text(text) => Value::from(text.as_str()),
        Number(number) => Value::from(*number),
    };
    world
        .ask_outside(json!({
            "step": found.name, "arguments": found.arguments.iter().map(argument).collect::<Vec<_>>(),
            "docString": step.doc_string, "table": step.table,
        }))
        .await
}

async fn ours(world: &mut World, found: &Found, step: &Step) -> Done {
    match (found.name.as_str(), found.arguments.as_slice()) {
        ("failures_are_kept", []) => world.keep_failures(),
        ("step_fails", [Text(code)]) => world.take_failure(code)?,
        ("session_is_closed", []) => world.session()?.close().await?,
        ("fetch_says", [Text(id), Text(topic), Text(reason)]) => fetch_says(world, id, topic, reason)?,
        ("journal_holds", [Text(topic)]) => journal_holds(world, topic, table(step)?)?,
        ("journal_holds_what_was_sent", [Text(topic), Number(number)]) => {
            let ids = (1..=*number).map(|n| vec![format!("sent-{n}")]);
            let rows: Vec<_> = std::iter::once(vec!["id".to_owned()]).chain(ids).collect();
            journal_holds(world, topic, &rows)?;
        }
        (name, _) => return Err(format!("the step `{name}` is pending").into()),
    }
    Ok(())
}

async fn vocabulary(world: &mut World, found: &Found, step: &Step) -> Done {
    match (found.name.as_str(), found.arguments.as_slice()) {
        ("probe_on_embedded_cluster", []) => world.take_embedded(),
        ("probe_on_cluster", [Text(cluster)]) => world.take_cluster(cluster),
        ("probe_from_configuration", [Text(file)]) => world.take_file(file),
        ("topic", [Text(topic)]) => world.add_topic(topic, json!({})).await,
        ("topic_with_partitions", [Text(topic), Number(partitions)]) => {
            world.add_topic(topic, json!({ "partitions": partitions })).await
        }
        ("topic_on_cluster", [Text(topic), Text(cluster)]) => {
            world.add_topic(topic, json!({ "cluster": cluster })).await
        }
        ("topic_directives", []) => world.add_topics(doc_string(step)?).await,

        ("produce_typed_event", [Text(event_type), Text(id), Text(topic)]) => {
            let value = json_of(doc_string(step)?)?;
            let event = Event::new(event_type.as_str()).id(id.as_str()).json(value);
            produce(world, topic, vec![event]).await
        }
        ("produce_event", [Text(topic)]) => {
            produce(world, topic, words::events_from_yaml(doc_string(step)?)?).await
        }
        ("produce_events", [Text(topic)]) => {
            let read = words::read(&json!({ "read": "events", "table": table(step)? }))?;
            produce(world, topic, words::events_from_yaml(&read["events"].to_string())?).await
        }
        ("produce_tombstone", [Text(key), Text(topic)]) => {
            produce(world, topic, vec![Event::default().key(key.as_bytes().to_vec())]).await
        }
        ("event_is_acknowledged", []) => match world.take_refusals()?.into_iter().next() {
            Some(error) => Err(error.into()),
            None => Ok(()),
        },
        ("event_is_refused", [Text(code)]) => {
            let refusals = world.take_refusals()?;
            if refusals.iter().any(|error| error.code().name() == code) {
                return Ok(());
            }
            Err(format!("no event was refused with `{code}`, but with {refusals:?}").into())
        }

        ("mark", [Text(topic)]) => {
            let mark = world.session()?.mark().await?;
            world.viewpoints.mark(topic, mark);
            Ok(())
        }
        ("undecodable_event_arrives", [Text(topic), Text(within)]) => {
            undecodable_arrives(world, topic, millis(within)?).await
        }
        ("expectation_is_inconclusive", []) => world.take_inconclusive(),
        ("consumed_event_has_value", [Text(id), Text(topic)]) => {
            let within = world.ask_timeout()?.as_secs_f64() * 1e3;
            let matching = json!({ "id": id, "value": json_of(doc_string(step)?)?, "mode": "exact" });
            expect(world, json!({ "verb": "expect_event", "topic": topic, "match": matching }), within).await
        }
        ("group_has_caught_up", [Text(group), Text(topic), Text(within)]) => {
            let asked = json!({ "verb": "expect_group_caught_up", "topic": topic, "group": group });
            expect(world, asked, millis(within)?).await
        }
        (name, arguments) => expectation(world, name, arguments, step).await,
    }
}

/// The expectations that look from the session's start, from a mark, or behind what was found.
async fn expectation(world: &mut World, name: &str, arguments: &[Argument], step: &Step) -> Done {
    let matching = |matching: Value, table: Option<&[Vec<String>]>| {
        let mut asked = matching;
        asked["read"] = "match".into();
        if let Some(table) = table {
            asked["table"] = json!(table);
        }
        words::read(&asked)
    };
    let (verb, mut asked, topic, within) = match (name, arguments) {
        ("event_with_id_arrives", [Text(within), Text(id), Text(topic)]) => {
            ("expect_event", json!({ "match": { "id": id } }), topic, within)
        }
        ("event_with_key_arrives", [Text(within), Text(key), Text(topic)]) => {
            ("expect_event", json!({ "match": { "key": key } }), topic, within)
        }
        ("event_arrives" | "another_event_arrives", [Text(within), Text(kind), Text(topic)]) => {
            ("expect_event", json!({ "match": { "type": kind } }), topic, within)
        }
        ("event_arrives_where" | "another_event_arrives_where", [Text(within), Text(kind), Text(topic)]) => {
            let matching = matching(json!({ "type": kind }), Some(table(step)?))?;
            ("expect_event", json!({ "match": matching }), topic, within)
        }
        ("no_event_arrives", [Text(kind), Text(topic), Text(within)]) => {
            ("expect_none", json!({ "match": { "type": kind } }), topic, within)
        }
        ("no_event_arrives_where", [Text(kind), Text(topic), Text(within)]) => {
            let matching = matching(json!({ "type": kind }), Some(table(step)?))?;
            ("expect_none", json!({ "match": matching }), topic, within)
        }
        ("events_arrive_exactly", [Text(within), Number(number), Text(kind), Text(topic)]) => {
            ("expect_exactly", json!({ "match": { "type": kind }, "n": number }), topic, within)
        }
        ("delivered_once", [Text(topic), Text(within)]) => ("verify_delivery", json!({}), topic, within),
        ("comes_out_once", [Text(topic), Text(output), Text(within)]) => {
            ("verify_delivery", json!({ "output": output }), topic, within)
        }
        ("events_arrive_in_order" | "events_arrive_in_any_order", [Text(within), Text(topic)]) => {
            let order = if name.ends_with("any_order") { "any_order" } else { "in_order" };
            let mut asked = words::read(&json!({ "read": "matches", "table": table(step)? }))?;
            asked["order"] = order.into();
            ("expect_all_of", asked, topic, within)
        }
        (name, _) => return Err(format!("the step `{name}` is pending").into()),
    };
    asked["verb"] = verb.into();
    asked["topic"] = topic.as_str().into();
    let is_another = name.starts_with("another_");
    let after = if is_another { world.viewpoints.behind(topic) } else { world.viewpoints.from(topic) };
    if let Some(after) = after {
        asked["after"] = after;
    }
    expect(world, asked, millis(within)?).await
}

async fn expect(world: &mut World, mut asked: Value, within_ms: f64) -> Done {
    asked["within_ms"] = within_ms.into();
    let operation = Operation::expectation(&asked)?;
    if let Outcome::Verdict(verdict) = world.session()?.run(operation).await? {
        world.viewpoints.found(&verdict.events);
    }
    Ok(())
}

async fn produce(world: &mut World, topic: &str, events: Vec<Event>) -> Done {
    world.raise_refusal()?;
    let session = world.session()?;
    let mut outcomes = Vec::new();
    for event in events {
        outcomes.push(session.try_produce_event(topic, event).await?);
    }
    world.produced(outcomes);
    Ok(())
}

async fn undecodable_arrives(world: &World, topic: &str, within_ms: f64) -> Done {
    let session = world.session()?;
    let end = tokio::time::Instant::now() + Duration::from_secs_f64(within_ms / 1e3);
    loop {
        let journal = session.journal(topic)?;
        if journal.iter().any(|event| event.error().is_some() && world.viewpoints.is_new(event)) {
            return Ok(());
        }
        if tokio::time::Instant::now() >= end {
            let message = format!("no undecodable event came on `{topic}` within {within_ms} ms");
            return Err(ProbeError::new(ErrorCode::ExpectationTimeout, message).into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn fetch_says(world: &World, id: &str, topic: &str, reason: &str) -> Done {
    match world.session()?.fetch_consumed_event(topic, id)? {
        ConsumedResult::Nack(nack) if nack.reason() == reason => Ok(()),
        ConsumedResult::Nack(nack) => Err(format!("it said `{}`", nack.reason()).into()),
        ConsumedResult::Ack(_) => Err("the event was there".to_owned().into()),
    }
}

fn journal_holds(world: &World, topic: &str, table: &[Vec<String>]) -> Done {
    let (columns, wanted) = table.split_first().ok_or_else(|| mistake("the table was empty"))?;
    let journal = world.session()?.journal(topic)?;
    let mut held: Vec<Vec<String>> = Vec::new();
    for event in &journal {
        let cell = |column: &String| {
            Ok(match column.as_str() {
                "id" => event.envelope.id.as_deref().unwrap_or_default(),
                "type" => event.envelope.event_type.as_deref().unwrap_or_default(),
                "version" => event.envelope.version.as_deref().unwrap_or_default(),
                "error" => event.error().map_or("", |error| error.code().name()),
                other => return Err(mistake(format!("`{other}` is no column of a journal"))),
            }
            .to_owned())
        };
        held.push(columns.iter().map(cell).collect::<Result<_, Failure>>()?);
    }
    if held == wanted {
        return Ok(());
    }
    let lines: Vec<String> = held.iter().map(|row| format!("  {}", row.join(" | "))).collect();
    Err(format!("the journal held {} events:\n{}", held.len(), lines.join("\n")).into())
}

fn doc_string(step: &Step) -> Result<&str, Failure> {
    step.doc_string.as_deref().ok_or_else(|| mistake("the step had no doc string"))
}

fn table(step: &Step) -> Result<&[Vec<String>], Failure> {
    step.table.as_deref().ok_or_else(|| mistake("the step had no table"))
}

fn json_of(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| mistake(format!("the doc string was no JSON: {error}")))
}

/// Reads a time as every language does.
fn millis(text: &str) -> Result<f64, Failure> {
    let read = words::read(&json!({ "read": "duration", "text": text }))?;
    read["ms"].as_f64().ok_or_else(|| mistake(format!("`{text}` was no time")))
}
