//! Compatibility levels: which of the earlier schemas a new one has to get on with, and in which direction.

use crate::schema::Schema;

/// A level, as registries have them for their subjects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Level {
    /// Anything may follow.
    None,
    /// The new schema reads what the latest one wrote.
    #[default]
    Backward,
    /// The new schema reads what every earlier one wrote.
    BackwardTransitive,
    /// The latest schema reads what the new one writes.
    Forward,
    /// Every earlier schema reads what the new one writes.
    ForwardTransitive,
    /// The new schema and the latest one read each other.
    Full,
    /// The new schema and every earlier one read each other.
    FullTransitive,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Backward,
        Self::BackwardTransitive,
        Self::Forward,
        Self::ForwardTransitive,
        Self::Full,
        Self::FullTransitive,
    ];

    /// Returns the registry's name, as `BACKWARD_TRANSITIVE`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Backward => "BACKWARD",
            Self::BackwardTransitive => "BACKWARD_TRANSITIVE",
            Self::Forward => "FORWARD",
            Self::ForwardTransitive => "FORWARD_TRANSITIVE",
            Self::Full => "FULL",
            Self::FullTransitive => "FULL_TRANSITIVE",
        }
    }

    /// Returns the level of a registry's name, in any case.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name))
    }

    /// Returns whether the new schema has to read what earlier ones wrote.
    #[must_use]
    pub const fn is_backward(self) -> bool {
        matches!(self, Self::Backward | Self::BackwardTransitive | Self::Full | Self::FullTransitive)
    }

    /// Returns whether earlier schemas have to read what the new one writes.
    #[must_use]
    pub const fn is_forward(self) -> bool {
        matches!(self, Self::Forward | Self::ForwardTransitive | Self::Full | Self::FullTransitive)
    }

    /// Returns with how many of the earlier schemas, counted from the latest, a new one has to get on.
    #[must_use]
    pub const fn reach(self) -> usize {
        match self {
            Self::None => 0,
            Self::Backward | Self::Forward | Self::Full => 1,
            Self::BackwardTransitive | Self::ForwardTransitive | Self::FullTransitive => usize::MAX,
        }
    }

    /// Returns why a schema may not follow one of those that it has to get on with; empty when it may.
    #[must_use]
    pub fn problems(self, schema: &Schema, earlier: &Schema) -> Vec<String> {
        let mut problems = Vec::new();
        if self.is_backward() {
            problems = schema.problems_reading(earlier);
        }
        // Schemas of two types read each other in no direction: once is enough.
        if self.is_forward() && (problems.is_empty() || schema.schema_type() == earlier.schema_type()) {
            problems.extend(earlier.problems_reading(schema));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::Level;
    use crate::{Schema, SchemaSource, SchemaType};

    #[test]
    fn a_level_is_found_by_its_name_in_any_case() {
        for level in Level::ALL {
            assert_eq!(Level::of_name(level.name()), Some(level));
            assert_eq!(Level::of_name(&level.name().to_lowercase()), Some(level));
        }
        assert_eq!(Level::of_name("SIDEWAYS"), None);
    }

    #[test]
    fn each_level_looks_in_its_directions() {
        let avro = |text: &str| Schema::parse(&SchemaSource::new(SchemaType::Avro, text)).unwrap();
        let (narrow, wide) = (avro("\"int\""), avro("\"long\""));
        // What was written narrow is read wide, and not the other way round.
        for level in Level::ALL {
            assert_eq!(level.problems(&wide, &narrow).is_empty(), !level.is_forward(), "{level:?}");
            assert_eq!(level.problems(&narrow, &wide).is_empty(), !level.is_backward(), "{level:?}");
        }
    }

    #[test]
    fn schemas_of_two_types_are_told_once() {
        let avro = Schema::parse(&SchemaSource::new(SchemaType::Avro, "\"int\"")).unwrap();
        let json = Schema::parse(&SchemaSource::new(SchemaType::Json, "{}")).unwrap();
        assert_eq!(Level::Full.problems(&json, &avro), ["the type of the schema was AVRO and is JSON"]);
    }
}
