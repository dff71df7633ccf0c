//! Marks as documents.

use serde_json::{Map, Value, json};

use super::document::{integer, members};
use super::{Mark, TopicMark};
use crate::error::{ErrorCode, ProbeError, Result};

impl Mark {
    /// Returns the mark as a document: `{"topics": {"orders": {"generation": 0, "ends": {"0": 12}}}}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let topic = |mark: &TopicMark| {
            let ends: Map<String, Value> =
                mark.ends.iter().map(|(partition, end)| (partition.to_string(), (*end).into())).collect();
            json!({ "generation": mark.generation, "ends": ends })
        };
        let topics: Map<String, Value> =
            self.topics.iter().map(|(name, mark)| (name.to_string(), topic(mark))).collect();
        json!({ "topics": topics })
    }

    /// Reads what [`Mark::to_json`] wrote.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for anything else.
    pub fn from_json(document: &Value) -> Result<Self> {
        let mut mark = Self::default();
        let outer = members(document, "mark", &["topics"])?;
        let Some(topics) = outer.get("topics").and_then(Value::as_object) else {
            return Err(ProbeError::new(ErrorCode::InvalidArgument, "`topics` of a mark was not an object"));
        };
        for (name, topic) in topics {
            let topic = members(topic, "topic of a mark", &["generation", "ends"])?;
            let Some(ends) = topic.get("ends").and_then(Value::as_object) else {
                return Err(ProbeError::new(
                    ErrorCode::InvalidArgument,
                    "`ends` of a mark was not an object",
                ));
            };
            let mut read = TopicMark {
                generation: integer(topic.get("generation"), "generation")?,
                ..TopicMark::default()
            };
            for (partition, end) in ends {
                let number = partition.parse().ok().filter(|number: &i32| *number >= 0).ok_or_else(|| {
                    ProbeError::new(
                        ErrorCode::InvalidArgument,
                        format!("`{partition}` of a mark was not a partition"),
                    )
                })?;
                read.ends.insert(number, integer(Some(end), "end")?);
            }
            mark.topics.insert(name.as_str().into(), read);
        }
        Ok(mark)
    }
}
