//! The C package: library, headers, pkg-config and CMake files in one folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, read, write};

const SYMBOLS: &str = "tests/c/symbols.txt";
/// The binary interface, from the header: the number behind `.so`.
const ABI: &str = "#define TEST_PROBE_ABI_VERSION ";

/// Builds the library and lays the package out under `out`.
pub(crate) fn lay_out(root: &Path, out: &Path, profile: &str) -> Result<(), Failure> {
    let header = read(&root.join("include/test_probe.h"))?;
    let abi = header
        .split_once(ABI)
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .ok_or("the header names no ABI version")?
        .to_owned();
    let soname = format!("libtest_probe.so.{abi}");
    let library = build(root, profile, &soname)?;
    check_symbols(root, &library)?;

    let version = env!("CARGO_PKG_VERSION");
    let lib = out.join("lib");
    std::fs::create_dir_all(&lib).map_err(|error| error.to_string())?;
    let full = format!("libtest_probe.so.{abi}.{version}");
    std::fs::copy(&library, lib.join(&full))
        .map_err(|error| format!("the library was not copied: {error}"))?;
    link(&full, &lib.join(&soname))?;
    link(&soname, &lib.join("libtest_probe.so"))?;
    write(&out.join("include/test_probe.h"), &header)?;
    for name in ["include/test_probe.hpp", "include/test_probe_error.hpp"] {
        write(&out.join(name), &read(&root.join(name))?)?;
    }
    let fill = |template: &str| {
        template.replace("@VERSION@", version).replace("@ABI@", &abi).replace("@FULL@", &full)
    };
    for (to, from) in [
        ("lib/pkgconfig/test_probe.pc", "packaging/test_probe.pc.in"),
        ("lib/cmake/test_probe/test_probe-config.cmake", "packaging/test_probe-config.cmake.in"),
        (
            "lib/cmake/test_probe/test_probe-config-version.cmake",
            "packaging/test_probe-config-version.cmake.in",
        ),
    ] {
        write(&out.join(to), &fill(&read(&root.join(from))?))?;
    }
    println!("the C package is in {}", out.display());
    Ok(())
}

fn build(root: &Path, profile: &str, soname: &str) -> Result<PathBuf, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["rustc", "--package", "test-probe", "--lib", "--features", "capi"]);
    command.args([
        "--profile",
        profile,
        "--crate-type",
        "cdylib",
        "--message-format",
        "json-render-diagnostics",
    ]);
    // nodelete: threads of the library must not lose their code by a dlclose.
    command.args(["--", "-C", &format!("link-arg=-Wl,-soname,{soname}"), "-C", "link-arg=-Wl,-z,nodelete"]);
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo did not start: {error}"))?;
    if !output.status.success() {
        return Err("the library did not build".to_owned());
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| {
            message["reason"] == "compiler-artifact" && message["target"]["name"] == "test_probe"
        })
        .filter_map(|message| message["filenames"].as_array().cloned())
        .flatten()
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .find(|name| name.extension().is_some_and(|ending| ending == "so"))
        .ok_or_else(|| "cargo built no shared library".to_owned())
}

fn link(target: &str, name: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(name) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("`{}` could not be replaced: {error}", name.display()));
        }
        _ => {}
    }
    std::os::unix::fs::symlink(target, name)
        .map_err(|error| format!("`{}` could not be linked: {error}", name.display()))
}

/// Nothing but ours is exported, and nothing that was exported goes away.
fn check_symbols(root: &Path, library: &Path) -> Result<(), Failure> {
    let exported = exported(library)?;
    let foreign: Vec<&str> =
        exported.iter().map(String::as_str).filter(|symbol| !symbol.starts_with("test_probe_")).collect();
    if !foreign.is_empty() {
        return Err(format!("the library exports what is not ours: {}", foreign.join(", ")));
    }
    let snapshot: BTreeSet<String> = read(&root.join(SYMBOLS))?.lines().map(str::to_owned).collect();
    let gone: Vec<&str> = snapshot.difference(&exported).map(String::as_str).collect();
    let new: Vec<&str> = exported.difference(&snapshot).map(String::as_str).collect();
    if gone.is_empty() && new.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the exported symbols are not those of {SYMBOLS}; gone: [{}], new: [{}]\n\
         a removal breaks programs and needs another ABI version; for a new one run: \
         cargo run -p xtask -- symbols --write {}",
        gone.join(", "),
        new.join(", "),
        library.display()
    ))
}

/// Writes the snapshot.
pub(crate) fn write_symbols(root: &Path, library: &Path) -> Result<(), Failure> {
    let lines: String = exported(library)?.iter().map(|symbol| format!("{symbol}\n")).collect();
    write(&root.join(SYMBOLS), &lines)
}

fn exported(library: &Path) -> Result<BTreeSet<String>, Failure> {
    let output = Command::new("nm")
        .args(["-D", "--defined-only", "--format=posix"])
        .arg(library)
        .output()
        .map_err(|error| format!("nm did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("nm: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect())
}
