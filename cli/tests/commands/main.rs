//! The command from outside: what it prints where, and how it ends.

mod demo;
mod doctor;
mod documents;
mod endings;
mod expect;
mod follow;
mod read;
mod schemas;
mod scripts;
mod support;
mod write;
