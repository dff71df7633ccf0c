//! The house rules as tests, so that they are built with what the other tests need and not once more by themselves.

use std::process::Command;

fn run(chore: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).arg(chore).output().expect("xtask was started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// Fails with the command that renews what is stale.
#[test]
fn every_generated_file_is_fresh() {
    run("check");
}

#[test]
fn the_arrows_of_the_code_map_hold() {
    run("tidy");
}
