//! What a validator found, in words.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use crate::fault::{Fault, FaultKind, plain, shown};
use crate::pointer::segment;

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
        Kind::Referencing(why) => format!("a `$ref` led nowhere: {}", plain(&why.to_string())),
        Kind::Format { format } if format == "regex" => {
            format!("the pattern {} was no regular expression, or was too large", value_of(error.instance()))
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
    let value = value_of(error.instance());
    let what = match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            path.push_str(&segment(name));
            "the required property was missing".to_owned()
        }
        Kind::Type { kind: TypeKind::Single(one) } => format!("{one} was expected, not {value}"),
        Kind::Type { kind: TypeKind::Multiple(several) } => {
            let names = several.iter().map(|one| one.to_string()).collect::<Vec<_>>();
            format!("one of {} was expected, not {value}", names.join(", "))
        }
        Kind::Constant { expected_value } => {
            format!("{} was expected, not {value}", value_of(expected_value))
        }
        Kind::Enum { options } => format!("one of {} was expected, not {value}", value_of(options)),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            format!("properties were not allowed: {}", names(unexpected))
        }
        Kind::Maximum { limit } => format!("at most {limit} was expected, not {value}"),
        Kind::Minimum { limit } => format!("at least {limit} was expected, not {value}"),
        Kind::ExclusiveMaximum { limit } => format!("less than {limit} was expected, not {value}"),
        Kind::ExclusiveMinimum { limit } => format!("more than {limit} was expected, not {value}"),
        Kind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of} was expected, not {value}"),
        Kind::MaxLength { limit } => format!("at most {limit} characters were expected, not {value}"),
        Kind::MinLength { limit } => format!("at least {limit} characters were expected, not {value}"),
        Kind::MaxItems { limit } => format!("at most {limit} items were expected"),
        Kind::MinItems { limit } => format!("at least {limit} items were expected"),
        Kind::MaxProperties { limit } => format!("at most {limit} properties were expected"),
        Kind::MinProperties { limit } => format!("at least {limit} properties were expected"),
        Kind::Pattern { pattern } => format!("{value} did not match `{pattern}`"),
        Kind::Format { format } => format!("{value} was no {format}"),
        Kind::UniqueItems => "items were not unique".to_owned(),
        Kind::AnyOf { .. } => format!("{value} fitted none of the schemas of `anyOf`"),
        Kind::OneOfNotValid { .. } => format!("{value} fitted none of the schemas of `oneOf`"),
        Kind::OneOfMultipleValid { .. } => format!("{value} fitted more than one schema of `oneOf`"),
        Kind::BacktrackLimitExceeded { .. } => "the pattern took too many steps".to_owned(),
        _ => plain(&error.to_string()),
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
    let some = names.iter().take(5).map(|name| format!("`{}`", plain(name))).collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{some}, ...") } else { some }
}

fn value_of(value: &Value) -> String {
    format!("`{}`", shown(value))
}
