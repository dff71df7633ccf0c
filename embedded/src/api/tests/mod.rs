//! The admin APIs in virtual time.

mod acls;
mod configs;
mod nodes;
mod topics;
mod world;
