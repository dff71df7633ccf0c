//! The admin APIs in virtual time.

mod acls;
mod configs;
mod nodes;
mod topic_ids;
mod topics;
mod world;
