//! Records that sessions could not read: told once for each topic and kind of error, and counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::completion::lock;
use crate::error::classify_error;
use crate::event::ReceivedEvent;

/// The records of one link that could not be read.
#[derive(Debug, Default)]
pub(crate) struct Undecodable {
    kinds: Mutex<BTreeMap<(Arc<str>, &'static str), Kind>>,
}

/// One topic's records that could not be read for one kind of reason.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// The topic in Kafka.
    pub(crate) topic: Arc<str>,
    /// The kind, as [`classify_error`] names it.
    pub(crate) error_type: &'static str,
    /// How many.
    pub(crate) count: u64,
    /// What was wrong with the first of them.
    pub(crate) first: String,
}

impl Undecodable {
    /// Counts an event if it could not be read, and tells of the first of its kind. One that awaits its schema may be
    /// read yet, and is not counted before that is settled.
    pub(crate) fn note(&self, topic: &Arc<str>, event: &ReceivedEvent) {
        let Some(error) = event.error().filter(|_| !event.awaits_schema) else { return };
        let error_type = classify_error(error.code());
        let mut kinds = lock(&self.kinds);
        if let Some(known) = kinds.get_mut(&(topic.clone(), error_type)) {
            known.count += 1;
            return;
        }
        let first = error.message().to_owned();
        kinds.insert((topic.clone(), error_type), Kind { topic: topic.clone(), error_type, count: 1, first });
        drop(kinds);
        let (partition, offset) = (event.partition, event.offset);
        tracing::warn!(
            %error, %topic, error_type, partition, offset,
            "a record could not be read; more of this kind are counted and not told"
        );
    }

    /// Returns the counts, by topic and kind.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        lock(&self.kinds).values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::codec::testing::received;
    use crate::error::{ErrorCode, ProbeError};
    use crate::event::Decoded;

    fn event(error: Option<ErrorCode>, awaits_schema: bool) -> ReceivedEvent {
        let failed = |code: ErrorCode| Decoded::Failed(ProbeError::new(code, code.name()));
        let value = error.map_or(Decoded::Null, failed);
        ReceivedEvent { value, awaits_schema, ..received(&json!({"topic": "orders"}), &json!({})) }
    }

    #[test]
    fn what_could_not_be_read_is_counted_by_topic_and_kind_and_the_first_is_kept() {
        let (undecodable, orders, bills) = (Undecodable::default(), Arc::from("orders"), Arc::from("bills"));
        undecodable.note(&orders, &event(Some(ErrorCode::DecodeFailed), false));
        undecodable.note(&orders, &event(Some(ErrorCode::EncodeFailed), false));
        undecodable.note(&orders, &event(Some(ErrorCode::SchemaNotFound), false));
        undecodable.note(&bills, &event(Some(ErrorCode::DecodeFailed), false));
        undecodable.note(&bills, &event(None, false));
        let kinds = undecodable.kinds();
        let told: Vec<_> =
            kinds.iter().map(|kind| (&*kind.topic, kind.error_type, kind.count, &*kind.first)).collect();
        let expected = [
            ("bills", "serialization_error", 1, "DECODE_FAILED"),
            ("orders", "schema_not_found", 1, "SCHEMA_NOT_FOUND"),
            ("orders", "serialization_error", 2, "DECODE_FAILED"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_awaits_its_schema_is_not_counted() {
        let undecodable = Undecodable::default();
        undecodable.note(&Arc::from("orders"), &event(Some(ErrorCode::RegistryUnreachable), true));
        assert!(undecodable.kinds().is_empty());
    }
}
