//! The `test-probe` command.

fn main() {}
