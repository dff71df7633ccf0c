//! Answers, and refusals with the codes and texts that clients of a schema registry know.

use serde_json::{Value, json};

use super::subject::Subject;

/// An answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Body,
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Nothing,
    Json(Value),
    /// The text of a schema, as it is.
    Text(String),
}

impl Answer {
    pub(crate) fn json(body: Value) -> Self {
        Self { status: 200, body: Body::Json(body) }
    }

    pub(crate) fn text(text: String) -> Self {
        Self { status: 200, body: Body::Text(text) }
    }

    pub(crate) fn nothing() -> Self {
        Self { status: 204, body: Body::Nothing }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let body = json!({"error_code": refusal.code, "message": refusal.message});
        Self { status: refusal.status(), body: Body::Json(body) }
    }
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Of five digits, whose first three are the HTTP status, or that status itself.
    pub(crate) code: u32,
    pub(crate) message: String,
}

pub(crate) type Result<T, E = Refusal> = std::result::Result<T, E>;

impl Refusal {
    pub(crate) fn new(code: u32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn status(&self) -> u16 {
        let status = if self.code > 999 { self.code / 100 } else { self.code };
        u16::try_from(status).unwrap_or(500)
    }

    /// What HTTP itself refuses, told as the real one does.
    pub(crate) fn http(status: u16, reason: &str) -> Self {
        Self::new(u32::from(status), format!("HTTP {status} {reason}"))
    }

    pub(crate) fn unknown_path() -> Self {
        Self::http(404, "Not Found")
    }

    pub(crate) fn bad_request(why: impl Into<String>) -> Self {
        Self::new(400, why)
    }

    pub(crate) fn subject_not_found(subject: &Subject) -> Self {
        Self::new(40401, format!("Subject '{subject}' not found."))
    }

    pub(crate) fn version_not_found(version: i64) -> Self {
        Self::new(40402, format!("Version {version} not found."))
    }

    pub(crate) fn schema_not_found() -> Self {
        Self::new(40403, "Schema not found")
    }

    pub(crate) fn no_schema(name: &str) -> Self {
        Self::new(40403, format!("Schema {name} not found"))
    }

    pub(crate) fn subject_is_soft_deleted(subject: &Subject) -> Self {
        let message =
            format!("Subject '{subject}' was soft deleted.Set permanent=true to delete permanently");
        Self::new(40404, message)
    }

    pub(crate) fn subject_is_not_soft_deleted(subject: &Subject) -> Self {
        let message = format!("Subject '{subject}' was not deleted first before being permanently deleted");
        Self::new(40405, message)
    }

    pub(crate) fn version_is_soft_deleted(subject: &Subject, version: i64) -> Self {
        Self::new(
            40406,
            format!(
                "Subject '{subject}' Version {version} was soft deleted.Set permanent=true to delete permanently"
            ),
        )
    }

    pub(crate) fn version_is_not_soft_deleted(subject: &Subject, version: u32) -> Self {
        Self::new(
            40407,
            format!(
                "Subject '{subject}' Version {version} was not deleted first before being permanently deleted"
            ),
        )
    }

    pub(crate) fn no_compatibility_of_its_own(subject: &Subject) -> Self {
        let message = format!("Subject '{subject}' does not have subject-level compatibility configured");
        Self::new(40408, message)
    }

    pub(crate) fn no_mode_of_its_own(subject: &Subject) -> Self {
        Self::new(40409, format!("Subject '{subject}' does not have subject-level mode configured"))
    }

    pub(crate) fn incompatible(subject: &Subject, details: &[String]) -> Self {
        let details = details.join(", ");
        let message = format!(
            "Schema being registered is incompatible with an earlier schema for subject \"{subject}\", \
             details: [{details}]"
        );
        Self::new(40901, message)
    }

    pub(crate) fn invalid_schema(why: impl Into<String>) -> Self {
        Self::new(42201, why)
    }

    pub(crate) fn invalid_version(version: &str) -> Self {
        let message = format!(
            "The specified version '{version}' is not a valid version id. \
             Allowed values are between [1, 2^31-1] and the string \"latest\""
        );
        Self::new(42202, message)
    }

    pub(crate) fn invalid_level() -> Self {
        Self::new(
            42203,
            "Invalid compatibility level. Valid values are none, backward, forward, full, \
             backward_transitive, forward_transitive, and full_transitive",
        )
    }

    pub(crate) fn invalid_mode(why: &str) -> Self {
        Self::new(42204, why)
    }

    pub(crate) fn not_permitted(why: impl Into<String>) -> Self {
        Self::new(42205, why)
    }

    pub(crate) fn is_referenced(subject: &Subject, version: u32) -> Self {
        Self::new(
            42206,
            format!(
                "One or more references exist to the schema \
                 {{magic=1,keytype=SCHEMA,subject={subject},version={version}}}."
            ),
        )
    }

    pub(crate) fn invalid_subject(subject: &Subject) -> Self {
        Self::new(42208, format!("The specified subject '{subject}' is not a valid."))
    }

    pub(crate) fn context_is_not_empty(context: &Subject) -> Self {
        Self::new(42211, format!("The specified context '{context}' is not empty."))
    }
}
