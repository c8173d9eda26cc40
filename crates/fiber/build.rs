//! Tells the crate whether it is compiled for ThreadSanitizer.
//!
//! `cfg(sanitize = "thread")` says it too, but only to nightly compilers.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(sortie_tsan)");
    let sanitizers = env::var("CARGO_CFG_SANITIZE").unwrap_or_default();
    if sanitizers.split(',').any(|name| name == "thread") {
        println!("cargo::rustc-cfg=sortie_tsan");
    }
}
