//! Subjects with the context that they live in, as `:.context:subject`.

use std::fmt;

/// The context of subjects that name none.
const DEFAULT: &str = ".";
/// The context whose settings are for all contexts.
const GLOBAL: &str = ".__GLOBAL";
/// Stands for every context at the beginning of a prefix.
const EVERYWHERE: &str = ":*:";

/// A subject, or a whole context when its name is empty. Ordered by the context, then the name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Subject {
    /// Begins with a point.
    pub(crate) context: String,
    pub(crate) name: String,
}

impl Subject {
    /// Reads `subject`, `:.context:subject`, or `:.context:` for all of a context.
    pub(crate) fn read(text: &str) -> Self {
        let Some(rest) = text.strip_prefix(':').filter(|rest| rest.starts_with('.')) else {
            return Self::of(DEFAULT, text);
        };
        let (context, name) = rest.split_once(':').unwrap_or((rest, ""));
        Self::of(context, name)
    }

    fn of(context: &str, name: &str) -> Self {
        Self { context: context.to_owned(), name: name.to_owned() }
    }

    /// The default context as a whole: settings of it are those of `/config` and `/mode`.
    pub(crate) fn top() -> Self {
        Self::of(DEFAULT, "")
    }

    /// What settings are looked at last for.
    pub(crate) fn global() -> Self {
        Self::of(GLOBAL, "")
    }

    pub(crate) fn is_top(&self) -> bool {
        self.is_in_default_context() && self.name.is_empty()
    }

    pub(crate) fn is_global(&self) -> bool {
        self.context == GLOBAL
    }

    pub(crate) fn is_in_default_context(&self) -> bool {
        self.context == DEFAULT
    }

    /// Whether it stands for all of its context.
    pub(crate) fn is_context(&self) -> bool {
        self.name.is_empty()
    }

    /// Returns the whole context that it lives in.
    pub(crate) fn whole_context(&self) -> Self {
        self.in_context_of("")
    }

    /// Returns a subject as a schema of this subject refers to it: in the same context unless it names one.
    pub(crate) fn beside(&self, text: &str) -> Self {
        let other = Self::read(text);
        if other.is_in_default_context() { self.in_context_of(&other.name) } else { other }
    }

    fn in_context_of(&self, name: &str) -> Self {
        Self::of(&self.context, name)
    }

    /// Returns the same name in another context.
    pub(crate) fn within(&self, context: &str) -> Self {
        Self::of(context, &self.name)
    }

    /// Whether schemas may be registered under it.
    pub(crate) fn is_valid(&self) -> bool {
        !self.is_global() && self.may_have_settings()
    }

    /// Whether it may have settings of its own.
    pub(crate) fn may_have_settings(&self) -> bool {
        !self.name.chars().chain(self.context.chars()).any(char::is_control)
            && self.name != "__GLOBAL"
            && self.name != "__EMPTY"
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_in_default_context() {
            write!(f, ":{}:", self.context)?;
        }
        f.write_str(&self.name)
    }
}

/// Which subjects a prefix means: `orders`, `:.context:orders`, `:*:` for all contexts.
#[derive(Debug)]
pub(crate) enum Prefix {
    Everywhere(String),
    Within(Subject),
    /// Contexts that begin so.
    Contexts(String),
}

impl Prefix {
    pub(crate) fn read(text: &str) -> Self {
        if let Some(name) = text.strip_prefix(EVERYWHERE) {
            return Self::Everywhere(name.to_owned());
        }
        match text.strip_prefix(':') {
            Some(context) if context.starts_with('.') && !context.contains(':') => {
                Self::Contexts(context.to_owned())
            }
            _ => Self::Within(Subject::read(text)),
        }
    }

    pub(crate) fn covers(&self, subject: &Subject) -> bool {
        match self {
            Self::Everywhere(name) => subject.name.starts_with(name.as_str()),
            Self::Within(prefix) => {
                subject.context == prefix.context && subject.name.starts_with(prefix.name.as_str())
            }
            Self::Contexts(context) => subject.context.starts_with(context.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_with_and_without_its_context() {
        let cases = [
            ("orders-value", ".", "orders-value", "orders-value"),
            (":.:orders", ".", "orders", "orders"),
            (":.blue:orders", ".blue", "orders", ":.blue:orders"),
            (":.blue:", ".blue", "", ":.blue:"),
            (":.blue", ".blue", "", ":.blue:"),
            (":blue:orders", ".", ":blue:orders", ":blue:orders"),
        ];
        for (text, context, name, shown) in cases {
            let subject = Subject::read(text);
            assert_eq!((subject.context.as_str(), subject.name.as_str()), (context, name), "{text}");
            assert_eq!(subject.to_string(), shown);
        }
    }

    #[test]
    fn a_reference_is_looked_for_in_the_context_of_the_schema_that_has_it() {
        let blue = Subject::read(":.blue:orders");
        assert_eq!(blue.beside("addresses").to_string(), ":.blue:addresses");
        assert_eq!(blue.beside(":.red:addresses").to_string(), ":.red:addresses");
        assert_eq!(Subject::read("orders").beside("addresses").to_string(), "addresses");
    }

    #[test]
    fn a_prefix_covers_subjects_of_one_context_or_of_all() {
        let subjects = ["orders", "payments", ":.blue:orders", ":.blue2:orders"].map(Subject::read);
        let cases = [
            (":*:", vec![0, 1, 2, 3]),
            (":*:ord", vec![0, 2, 3]),
            ("", vec![0, 1]),
            (":.:", vec![0, 1]),
            ("pay", vec![1]),
            (":.blue:", vec![2]),
            (":.blue", vec![2, 3]),
        ];
        for (text, expected) in cases {
            let prefix = Prefix::read(text);
            let covered: Vec<_> = (0..subjects.len()).filter(|at| prefix.covers(&subjects[*at])).collect();
            assert_eq!(covered, expected, "{text}");
        }
    }
}
