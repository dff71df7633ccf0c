//! Configuration: built-in defaults, `test-probe.yaml`, environment, explicit argument, in that order.
//!
//! layers -> one tree ([`layers`]) -> references replaced ([`references`]) -> [`Config`] ([`read`]), with
//! everything that is wrong told at once. Files are read in `load` and in `references` and nowhere else.

mod clusters;
mod duration;
mod embedded;
mod environment;
mod keys;
mod layers;
mod load;
mod model;
mod principals;
mod properties;
mod read;
mod references;
mod registry;
mod sources;
mod summary;
mod tree;

pub use duration::duration;
pub use embedded::{
    ClientAuth, EmbeddedAcls, EmbeddedConfig, EmbeddedOauth, EmbeddedSecurity, EmbeddedTls, GroupTimings,
    TokenProof, WhenFull, bytes,
};
pub use environment::is_key;
pub use keys::json_schema;
pub use load::{DEFAULT_FILE, FILE_VARIABLE};
pub use model::*;
pub use registry::{
    MOCK, RegistryAuth, RegistryCredentials, RegistryOauth, RegistryTls, SchemaRegistryConfig,
};
pub use sources::Sources;

#[cfg(test)]
mod tests;
