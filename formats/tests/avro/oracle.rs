//! The same schemas and values for apache-avro, another implementation: the bytes and the values must be the same.

use std::collections::HashMap;

use apache_avro::types::Value as Other;
use apache_avro::{Days, Decimal, Duration, Millis, Months, Schema};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::{parsed, trip};

/// A type with a way to make values of it.
struct Made {
    schema: Value,
    make: Box<Make>,
}

/// Makes a value, for us and for the other implementation.
type Make = dyn Fn(&mut Rng) -> (Value, Other);

fn made(schema: Value, make: impl Fn(&mut Rng) -> (Value, Other) + 'static) -> Made {
    Made { schema, make: Box::new(make) }
}

fn text(random: &mut Rng) -> String {
    const LETTERS: [char; 8] = ['a', 'Z', '"', '\\', '\n', 'ü', '\u{20ac}', '\u{1f600}'];
    (0..random.usize(0..12)).map(|_| LETTERS[random.usize(0..LETTERS.len())]).collect()
}

/// A number whose size is as likely to be small as large.
fn long(random: &mut Rng) -> i64 {
    random.i64(..) >> random.u32(0..64)
}

fn blob(random: &mut Rng, size: usize) -> Vec<u8> {
    (0..size).map(|_| random.u8(..)).collect()
}

fn plain(random: &mut Rng, names: &mut u32) -> Made {
    *names += 1;
    let name = format!("ns.T{names}");
    match random.u8(0..20) {
        0 => made(json!("null"), |_| (json!(null), Other::Null)),
        1 => made(json!("boolean"), |random| {
            let flag = random.bool();
            (json!(flag), Other::Boolean(flag))
        }),
        2 => made(json!("int"), |random| {
            let int = random.i32(..) >> random.u32(0..32);
            (json!(int), Other::Int(int))
        }),
        3 => made(json!("long"), |random| {
            let long = long(random);
            (json!(long), Other::Long(long))
        }),
        4 => made(json!("float"), |random| {
            let float = f32::from_bits(random.u32(..));
            let float = if float.is_finite() { float } else { random.f32() };
            (json!(float.to_string().parse::<f64>().unwrap()), Other::Float(float))
        }),
        5 => made(json!("double"), |random| {
            let double = f64::from_bits(random.u64(..));
            let double = if double.is_finite() { double } else { random.f64() };
            (json!(double), Other::Double(double))
        }),
        6 => made(json!("bytes"), |random| {
            let size = random.usize(0..20);
            let bytes = blob(random, size);
            (json!(STANDARD.encode(&bytes)), Other::Bytes(bytes))
        }),
        7..=9 => made(json!("string"), |random| {
            let text = text(random);
            (json!(text), Other::String(text))
        }),
        10 => {
            let size = random.usize(1..20);
            made(json!({"type": "fixed", "name": name, "size": size}), move |random| {
                let bytes = blob(random, size);
                (json!(STANDARD.encode(&bytes)), Other::Fixed(size, bytes))
            })
        }
        11 => made(json!({"type": "enum", "name": name, "symbols": ["A", "B", "C"]}), |random| {
            let place = random.usize(0..3);
            let symbol = ["A", "B", "C"][place];
            (json!(symbol), Other::Enum(u32::try_from(place).unwrap(), symbol.to_owned()))
        }),
        12 => made(json!({"type": "int", "logicalType": "date"}), |random| {
            let days = random.i32(..);
            (json!(days), Other::Date(days))
        }),
        13 => {
            let (kind, wrap): (_, fn(i64) -> Other) = match random.u8(0..4) {
                0 => ("timestamp-millis", Other::TimestampMillis),
                1 => ("timestamp-micros", Other::TimestampMicros),
                2 => ("timestamp-nanos", Other::TimestampNanos),
                _ => ("local-timestamp-micros", Other::LocalTimestampMicros),
            };
            made(json!({"type": "long", "logicalType": kind}), move |random| {
                let count = long(random);
                (json!(count), wrap(count))
            })
        }
        14 | 15 => {
            let (precision, scale) = (random.usize(3..18), random.usize(0..3));
            let mut schema =
                json!({"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale});
            if random.bool() {
                schema["type"] = json!("fixed");
                schema["name"] = json!(name);
                schema["size"] = json!(9);
            }
            let is_fixed = schema["type"] == "fixed";
            made(schema, move |random| {
                let most = 10_i64.pow(u32::try_from(precision).unwrap());
                let number = long(random) % most;
                let (whole, part) = (number.abs() / 10_i64.pow(u32::try_from(scale).unwrap()), number.abs());
                let digits = format!("{part:0>scale$}");
                let written = if scale == 0 {
                    whole.to_string()
                } else {
                    format!("{whole}.{}", &digits[digits.len() - scale..])
                };
                let written = if number < 0 { format!("-{written}") } else { written };
                let wide = number.to_be_bytes();
                let sign = if number < 0 { 0xff } else { 0 };
                let shortest = (0..8).find(|at| wide[*at] != sign || *at == 7).unwrap();
                let start = if (wide[shortest] ^ sign) >= 0x80 { shortest - 1 } else { shortest };
                let bytes = if is_fixed { [&[sign][..], &wide].concat() } else { wide[start..].to_vec() };
                (json!(written), Other::Decimal(Decimal::from(bytes)))
            })
        }
        16 => made(json!({"type": "fixed", "name": name, "size": 12, "logicalType": "duration"}), |random| {
            let [months, days, millis] = [(); 3].map(|()| random.u32(..));
            let other = Duration::new(Months::new(months), Days::new(days), Millis::new(millis));
            (json!({"months": months, "days": days, "millis": millis}), Other::Duration(other))
        }),
        _ => made(json!({"type": "string", "logicalType": "uuid"}), |random| {
            let uuid = apache_avro::Uuid::from_u128(random.u128(..));
            (json!(uuid.to_string()), Other::Uuid(uuid))
        }),
    }
}

fn made_type(random: &mut Rng, names: &mut u32, depth: u32) -> Made {
    if depth == 0 || random.u8(0..3) == 0 {
        return plain(random, names);
    }
    let mut inner = |random: &mut Rng| made_type(random, names, depth - 1);
    match random.u8(0..5) {
        0 => {
            let items = inner(random);
            made(json!({"type": "array", "items": items.schema}), move |random| {
                let (values, others) = (0..random.usize(0..4)).map(|_| (items.make)(random)).unzip();
                (Value::Array(values), Other::Array(others))
            })
        }
        1 => {
            let values = inner(random);
            // One entry at most: the other implementation writes them in any order.
            made(json!({"type": "map", "values": values.schema}), move |random| {
                let (mut map, mut others) = (Map::new(), HashMap::new());
                if random.bool() {
                    let (value, other) = (values.make)(random);
                    let key = text(random);
                    map.insert(key.clone(), value);
                    others.insert(key, other);
                }
                (Value::Object(map), Other::Map(others))
            })
        }
        2 => {
            // Null and something else: what is not null can be meant for one branch alone.
            let mut other = inner(random);
            while other.schema == "null" || other.schema.is_array() {
                other = inner(random);
            }
            let first = usize::from(random.bool());
            let mut branches = vec![other.schema.clone()];
            branches.insert(first, json!("null"));
            made(json!(branches), move |random| {
                let place = |place: usize| u32::try_from(place).unwrap();
                if random.bool() {
                    return (json!(null), Other::Union(place(first), Box::new(Other::Null)));
                }
                let (value, inside) = (other.make)(random);
                (value, Other::Union(place(1 - first), Box::new(inside)))
            })
        }
        _ => {
            let fields: Vec<Made> = (0..random.usize(0..6)).map(|_| inner(random)).collect();
            *names += 1;
            let listed: Vec<Value> = fields
                .iter()
                .enumerate()
                .map(|(place, field)| json!({"name": format!("f{place}"), "type": field.schema}))
                .collect();
            made(json!({"type": "record", "name": format!("ns.R{names}"), "fields": listed}), move |random| {
                let (mut values, mut others) = (Map::new(), Vec::new());
                for (place, field) in fields.iter().enumerate() {
                    let (value, other) = (field.make)(random);
                    values.insert(format!("f{place}"), value);
                    others.push((format!("f{place}"), other));
                }
                (Value::Object(values), Other::Record(others))
            })
        }
    }
}

#[test]
fn values_and_bytes_are_those_of_another_implementation() {
    let seed = std::env::var("TEST_PROBE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| fastrand::u64(..));
    let mut random = Rng::with_seed(seed);
    for _ in 0..500 {
        let of = made_type(&mut random, &mut 0, 4);
        let text = of.schema.to_string();
        let at = format!("TEST_PROBE_SEED={seed}: {text}");
        let ours = parsed(&text).unwrap_or_else(|fault| panic!("{fault}: {at}"));
        let theirs = Schema::parse_str(&text).unwrap_or_else(|error| panic!("{error}: {at}"));
        let writer =
            apache_avro::writer::datum::GenericDatumWriter::builder(&theirs).build().expect("a writer");
        let reader =
            apache_avro::reader::datum::GenericDatumReader::builder(&theirs).build().expect("a reader");
        assert_eq!(ours.problems_reading(&ours), [""; 0], "{at}");
        for _ in 0..4 {
            let (value, other) = (of.make)(&mut random);
            let at = format!("{at} with {value}");
            let expected =
                writer.write_value_to_vec(other.clone()).unwrap_or_else(|error| panic!("{error}: {at}"));
            let mut bytes = Vec::new();
            ours.encode(&value, &mut bytes).unwrap_or_else(|fault| panic!("{fault}: {at}"));
            assert_eq!(bytes, expected, "{at}");
            assert_eq!(trip(&ours, &value), value, "{at}");
            assert_eq!(reader.read_value(&mut &*bytes).ok(), Some(other), "{at}");
        }
    }
}
