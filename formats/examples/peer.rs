//! Our side of `bench/formats`: for each line of standard input, the name of a task and a number of calls, it prints the
//! nanoseconds that a call took. Arguments are a file with the schema and one with the value in Avro.

use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::Instant;

use serde_json::Value;
use test_probe_formats::{Fault, Schema, SchemaSource, SchemaType};

const FIELD: &str = "/state";

fn main() {
    let mut files = std::env::args().skip(1);
    let mut file = || std::fs::read(files.next().expect("two files")).expect("a file");
    let (text, payload) = (String::from_utf8(file()).expect("text"), file());
    let schema = Schema::parse(&SchemaSource::new(SchemaType::Avro, text)).expect("a schema");
    let Schema::Avro(avro) = &schema else { panic!("not Avro") };
    let value = schema.decode(&payload).expect("the value");
    let mut out = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let (task, calls) = line.split_once(' ').expect("a task and a number");
        let calls: u32 = calls.parse().expect("a number");
        let nanos = match task {
            // What the engine does with a record that comes: it keeps the bytes, and knows that they are good.
            "view" => measure(calls, || kept(&schema, &payload)),
            "reject" => measure(calls, || {
                let kept = kept(&schema, &payload)?;
                schema.decode_field(&kept, FIELD).map(|found| found.is_some_and(|found| found == "SENT"))
            }),
            "decode" => measure(calls, || schema.decode(&payload)),
            "text" => measure(calls, || {
                out.clear();
                avro.write_json(&payload, &mut out)
            }),
            "encode" => measure(calls, || {
                out.clear();
                schema.encode(&value, None, &mut out)
            }),
            // What it comes to, for the other side to compare.
            "value" => {
                say(&serde_json::to_string::<Value>(&value).expect("JSON"));
                continue;
            }
            other => panic!("no task {other}"),
        };
        say(&nanos.to_string());
    }
}

fn kept(schema: &Schema, payload: &[u8]) -> Result<Vec<u8>, Fault> {
    schema.check(payload).expect("Avro is checked")?;
    Ok(payload.to_vec())
}

fn measure<T>(calls: u32, mut call: impl FnMut() -> Result<T, Fault>) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        let _ = black_box(call().expect("it is sound"));
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
