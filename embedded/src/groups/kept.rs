//! Copies of what a request said: it is a slice of the frame, and would keep all of that in memory.

use bytes::Bytes;
use kafka_protocol::messages::{GroupId, TopicName};
use kafka_protocol::protocol::StrBytes;

/// Something that state keeps of a request.
pub(crate) trait Kept {
    /// Returns a copy that does not keep the request in memory.
    fn kept(&self) -> Self;
}

impl Kept for Bytes {
    fn kept(&self) -> Self {
        Self::copy_from_slice(self)
    }
}

impl Kept for StrBytes {
    fn kept(&self) -> Self {
        Self::from_string(self.to_string())
    }
}

impl Kept for GroupId {
    fn kept(&self) -> Self {
        Self(self.0.kept())
    }
}

impl Kept for TopicName {
    fn kept(&self) -> Self {
        Self(self.0.kept())
    }
}

impl<T: Kept> Kept for Option<T> {
    fn kept(&self) -> Self {
        self.as_ref().map(Kept::kept)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Kept, StrBytes};

    #[test]
    fn what_is_kept_does_not_hold_the_frame() {
        let frame = Bytes::from(b"a name in a frame".to_vec());
        let slice = StrBytes::try_from(frame.slice(2..6)).expect("text");
        assert!(!frame.is_unique());
        let kept = Some(slice).kept();
        assert!(frame.is_unique());
        assert_eq!(kept.as_deref(), Some("name"));
    }
}
