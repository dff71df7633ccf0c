//! Says how the Kafka client was built, for what must follow from it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CPPFLAGS");
    println!("cargo::rustc-check-cfg=cfg(crc_check)");
    // With assertions on, librdkafka aborts the process on one batch with a wrong checksum
    // (adr/0003). Only a build without them may ask it to look at checksums.
    let flags = std::env::var("CPPFLAGS").unwrap_or_default();
    if flags.split_whitespace().any(|flag| flag == "-DNDEBUG") {
        println!("cargo::rustc-cfg=crc_check");
    }
}
