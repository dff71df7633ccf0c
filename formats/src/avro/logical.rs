//! What the values of a type mean: decimals, UUIDs, dates and times.

use std::fmt;

use serde_json::{Map, Value};

use super::model::Kind;

/// The most digits of a decimal; a schema that names more has plain bytes there.
const DIGITS: u64 = 4096;

/// A logical type that is known and fits its type. All others are none, as the specification has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logical {
    Decimal { precision: u32, scale: u32 },
    Uuid,
    Duration,
    Date,
    Time(Unit),
    Timestamp { unit: Unit, local: bool },
}

/// What a count of a second's parts counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    /// Returns how many digits of a second's fraction it holds.
    pub(super) const fn digits(self) -> usize {
        match self {
            Self::Millis => 3,
            Self::Micros => 6,
            Self::Nanos => 9,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Millis => "millis",
            Self::Micros => "micros",
            Self::Nanos => "nanos",
        }
    }
}

impl Logical {
    /// Returns the logical type that the properties of a type name, if it is known and fits.
    pub(super) fn of(kind: &Kind, properties: &Map<String, Value>) -> Option<Self> {
        let name = properties.get("logicalType")?.as_str()?;
        let timestamp = |unit, local| Some(Self::Timestamp { unit, local });
        match (name, kind) {
            ("decimal", Kind::Bytes) => decimal(properties, DIGITS),
            ("decimal", Kind::Fixed(_, size)) => decimal(properties, most_digits(*size).min(DIGITS)),
            ("uuid", Kind::String | Kind::Fixed(_, 16)) => Some(Self::Uuid),
            ("duration", Kind::Fixed(_, 12)) => Some(Self::Duration),
            ("date", Kind::Int) => Some(Self::Date),
            ("time-millis", Kind::Int) => Some(Self::Time(Unit::Millis)),
            ("time-micros", Kind::Long) => Some(Self::Time(Unit::Micros)),
            ("timestamp-millis", Kind::Long) => timestamp(Unit::Millis, false),
            ("timestamp-micros", Kind::Long) => timestamp(Unit::Micros, false),
            ("timestamp-nanos", Kind::Long) => timestamp(Unit::Nanos, false),
            ("local-timestamp-millis", Kind::Long) => timestamp(Unit::Millis, true),
            ("local-timestamp-micros", Kind::Long) => timestamp(Unit::Micros, true),
            ("local-timestamp-nanos", Kind::Long) => timestamp(Unit::Nanos, true),
            _ => None,
        }
    }
}

impl fmt::Display for Logical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decimal { precision, scale } => write!(f, "decimal({precision}, {scale})"),
            Self::Uuid => f.write_str("uuid"),
            Self::Duration => f.write_str("duration"),
            Self::Date => f.write_str("date"),
            Self::Time(unit) => write!(f, "time-{}", unit.word()),
            Self::Timestamp { unit, local: false } => write!(f, "timestamp-{}", unit.word()),
            Self::Timestamp { unit, local: true } => write!(f, "local-timestamp-{}", unit.word()),
        }
    }
}

fn decimal(properties: &Map<String, Value>, most: u64) -> Option<Logical> {
    let precision = properties.get("precision")?.as_u64()?;
    let scale = properties.get("scale").map_or(Some(0), Value::as_u64)?;
    if precision == 0 || precision > most || scale > precision {
        return None;
    }
    Some(Logical::Decimal { precision: precision.try_into().ok()?, scale: scale.try_into().ok()? })
}

/// Returns how many decimal digits always fit into that many bytes.
fn most_digits(size: usize) -> u64 {
    /// log10(2), as whole parts of 10^9; exact enough for the sizes that [`DIGITS`] allows.
    const LOG: u128 = 301_029_995;
    let bits = (size as u128 * 8).saturating_sub(1);
    u64::try_from(bits.min(1 << 32) * LOG / 1_000_000_000).unwrap_or(u64::MAX)
}
