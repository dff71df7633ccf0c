//! What a validator found, in words.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use crate::fault::{Fault, FaultKind};

/// No more problems of one value are counted.
const MOST: usize = 1_000;

/// Returns the first problem of a value, and how many more there are.
pub(super) fn first(validator: &Validator, value: &Value) -> Option<Fault> {
    let mut errors = validator.iter_errors(value).take(MOST);
    let error = errors.next()?;
    let more = errors.count();
    let (path, what) = describe(&error);
    let others = match more {
        0 => String::new(),
        1 => "; there was 1 more problem".to_owned(),
        more if more + 1 == MOST => format!("; there were {more} more problems, or still more"),
        more => format!("; there were {more} more problems"),
    };
    Some(Fault::new(FaultKind::Encode, format!("{what}{others}")).at(path))
}

/// Says why a schema is none.
pub(super) fn schema(error: &ValidationError<'_>) -> Fault {
    let text = match error.kind() {
        Kind::Referencing(why) => format!("a `$ref` led nowhere: {}", plain(why)),
        Kind::Format { format } if format == "regex" => {
            format!("the pattern {} was no regular expression, or was too large", shown(error.instance()))
        }
        _ => format!("the schema was not valid: {}", describe(error).1),
    };
    let fault = Fault::new(FaultKind::Schema, text).at(error.instance_path().as_str());
    match error.kind() {
        Kind::Referencing(_) => {
            fault.hint("register the other schema, and refer to it under the name that `$ref` has")
        }
        _ => fault,
    }
}

fn describe(error: &ValidationError<'_>) -> (String, String) {
    let mut path = error.instance_path().as_str().to_owned();
    let value = shown(error.instance());
    let what = match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            path.push('/');
            path.push_str(&name.replace('~', "~0").replace('/', "~1"));
            "the required property was missing".to_owned()
        }
        Kind::Type { kind: TypeKind::Single(one) } => format!("expected {one}, got {value}"),
        Kind::Type { kind: TypeKind::Multiple(several) } => {
            let names = several.iter().map(|one| one.to_string()).collect::<Vec<_>>();
            format!("expected one of {}, got {value}", names.join(", "))
        }
        Kind::Constant { expected_value } => format!("expected {}, got {value}", shown(expected_value)),
        Kind::Enum { options } => format!("expected one of {}, got {value}", shown(options)),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            format!("properties were not allowed: {}", names(unexpected))
        }
        Kind::Maximum { limit } => format!("expected at most {limit}, got {value}"),
        Kind::Minimum { limit } => format!("expected at least {limit}, got {value}"),
        Kind::ExclusiveMaximum { limit } => format!("expected less than {limit}, got {value}"),
        Kind::ExclusiveMinimum { limit } => format!("expected more than {limit}, got {value}"),
        Kind::MultipleOf { multiple_of } => format!("expected a multiple of {multiple_of}, got {value}"),
        Kind::MaxLength { limit } => format!("expected at most {limit} characters, got {value}"),
        Kind::MinLength { limit } => format!("expected at least {limit} characters, got {value}"),
        Kind::MaxItems { limit } => format!("expected at most {limit} items"),
        Kind::MinItems { limit } => format!("expected at least {limit} items"),
        Kind::MaxProperties { limit } => format!("expected at most {limit} properties"),
        Kind::MinProperties { limit } => format!("expected at least {limit} properties"),
        Kind::Pattern { pattern } => format!("{value} did not match `{pattern}`"),
        Kind::Format { format } => format!("{value} was no {format}"),
        Kind::UniqueItems => "items were not unique".to_owned(),
        Kind::AnyOf { .. } => format!("{value} fitted none of the schemas of `anyOf`"),
        Kind::OneOfNotValid { .. } => format!("{value} fitted none of the schemas of `oneOf`"),
        Kind::OneOfMultipleValid { .. } => format!("{value} fitted more than one schema of `oneOf`"),
        Kind::BacktrackLimitExceeded { .. } => "the pattern took too many steps".to_owned(),
        _ => plain(error),
    };
    // The place within the schema ends with the keyword.
    (path, format!("{what} (`{}`)", keyword(error)))
}

fn keyword(error: &ValidationError<'_>) -> String {
    error
        .schema_path()
        .as_str()
        .rsplit('/')
        .find(|part| part.parse::<usize>().is_err())
        .unwrap_or("schema")
        .to_owned()
}

fn names(names: &[String]) -> String {
    let some =
        names.iter().take(5).map(|name| format!("`{}`", name.escape_debug())).collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{some}, ...") } else { some }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        other => format!("`{}`", short(&other.to_string())),
    }
}

fn plain(text: impl std::fmt::Display) -> String {
    short(&text.to_string().replace('\n', " "))
}

fn short(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
