//! Transactions in virtual time, through the requests that clients send.

mod admin;
mod ending;
mod offsets;
mod producers;
mod random;
mod records;
mod second;
mod world;
