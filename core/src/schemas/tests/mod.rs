//! The client over a scripted registry, in virtual time.

mod awaited;
mod breaking;
mod calls;
mod credentials;
mod references;
mod refusals;
mod script;
mod tls;
mod wire;
mod writers;
