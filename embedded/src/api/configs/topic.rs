//! The settings of a topic as clients see them.

use super::words::{self, Words};
use super::{DEFAULT, Described, OF_TOPIC, Synonym, code};
use crate::log::config::{DEFINITIONS, Definition};
use crate::state::topics::Settings;

/// Returns every setting of a topic that has these of its own, by name.
pub(in crate::api) fn describe(settings: &Settings) -> impl Iterator<Item = Described> {
    DEFINITIONS.iter().map(|definition| one(definition, settings.get(definition.name)))
}

fn one(definition: &'static Definition, own: Option<&String>) -> Described {
    let Definition { name, kind, default } = *definition;
    let Words { synonym, documentation, .. } = words::of(name);
    let own = own.map(|value| value.trim().to_owned());
    let as_own = own.clone().map(|value| Synonym { name, value: Some(value), source: OF_TOPIC });
    let of_broker = synonym.map(|name| Synonym { name, value: Some(default.to_owned()), source: DEFAULT });
    Described {
        name,
        source: if own.is_some() { OF_TOPIC } else { DEFAULT },
        value: Some(own.unwrap_or_else(|| default.to_owned())),
        kind: code(kind),
        read_only: false,
        synonyms: as_own.into_iter().chain(of_broker).collect(),
        documentation,
    }
}
