//! Who may commit an offset of a group.

use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::{Context, Group, Groups};

/// From this version of OffsetCommit on, a member of a group that is gone learns that.
const NAMES_MISSING_GROUPS: i16 = 9;

/// Who commits offsets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Committer<'a> {
    /// Empty for an admin client, or a consumer that assigns itself.
    pub(crate) member_id: &'a StrBytes,
    pub(crate) instance_id: Option<&'a StrBytes>,
    /// The generation of a classic group or the epoch of a consumer group's member; -1 for none.
    pub(crate) generation: i32,
    pub(crate) kind: CommitKind,
}

/// How offsets are committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommitKind {
    /// OffsetCommit, of this version.
    AtOnce(i16),
    /// TxnOffsetCommit.
    InTransaction,
}

impl Groups {
    /// Checks that this member may commit now. A group of this id is made for one who is no member, and a
    /// member is taken to be alive.
    pub(crate) fn check_commit(
        &mut self,
        context: &mut Context<'_>,
        committer: &Committer<'_>,
    ) -> Result<(), ResponseError> {
        let group = match self.by_id.get_mut(context.group) {
            Some(group) => group,
            None if committer.generation < 0 => {
                self.classic_or_new(context.group)?;
                return Ok(());
            }
            None => {
                return Err(match committer.kind {
                    CommitKind::AtOnce(NAMES_MISSING_GROUPS..) => ResponseError::GroupIdNotFound,
                    _ => ResponseError::IllegalGeneration,
                });
            }
        };
        match group {
            Group::Classic(group) => group.check_commit(context, committer),
            Group::Consumer(group) => group.check_commit(committer),
        }
    }
}
