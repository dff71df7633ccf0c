//! The tasks that own topics: producers, consumers and what they keep for their sessions.
//!
//! One consumer worker serves every session of its (cluster, principal, isolation, topic); what it
//! keeps of a topic is a [`lane::Lane`]. A session sees the lane through its [`view::View`].

pub(crate) mod catch_up;
pub(crate) mod commits;
pub(crate) mod consumer;
pub(crate) mod fence;
pub(crate) mod lane;
pub(crate) mod link;
pub(crate) mod owners;
pub(crate) mod pinning;
pub(crate) mod producer;
pub(crate) mod strangers;
pub(crate) mod unattributed;
pub(crate) mod undecodable;
pub(crate) mod view;
pub(crate) mod watcher;
