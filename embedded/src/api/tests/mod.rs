//! The admin APIs in virtual time.

mod configs;
mod topics;
mod world;
