//! What a match has in common with a record of which little is remembered.

use crate::matcher::Match;
use crate::verdict::hints;
use crate::workers::strangers::Stranger;

/// A record of another test, or from before the start, that looks like the one that is looked for.
pub(crate) struct Acquaintance {
    /// What is the same, where the match asks more than is known; empty where it meets the whole match.
    pub(crate) fields: Vec<&'static str>,
    pub(crate) test_id: String,
    /// Where it lies.
    pub(crate) place: String,
}

impl Acquaintance {
    /// Returns what they have in common, if that is something that tells one event from another.
    pub(crate) fn new(matching: &Match, stranger: &Stranger) -> Option<Self> {
        if matching.own == Some(true) {
            return None;
        }
        let asked = [
            ("id", matching.id.as_ref().map(|id| stranger.id.is(id.as_bytes()))),
            ("type", matching.event_type.as_ref().map(|name| stranger.event_type.is(name.as_bytes()))),
            ("key", matching.key.as_ref().map(|key| stranger.key.is(key))),
        ];
        let mut fields = Vec::new();
        for (name, is_same) in asked.into_iter().filter_map(|(name, is_same)| Some((name, is_same?))) {
            match is_same {
                Some(true) => fields.push(name),
                Some(false) => return None,
                None => {}
            }
        }
        let is_whole = fields.len() + usize::from(matching.own.is_some()) == matching.conditions();
        let tells = fields.iter().any(|name| *name != "type");
        if fields.is_empty() || !is_whole && !tells {
            return None;
        }
        if is_whole {
            fields.clear();
        }
        let place = hints::place(stranger.partition, stranger.offset, stranger.timestamp);
        Some(Self { fields, test_id: stranger.test_id.text()?.to_owned(), place })
    }

    /// Returns the hint of it.
    pub(crate) fn hint(&self, number: Option<usize>) -> String {
        hints::other_test(number, &self.fields, &self.test_id, &self.place)
    }
}
