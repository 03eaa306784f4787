//! Hands the linker the LWK's memory map.

fn main() {
    // From the folder of this package, where cargo runs the linker: a target folder may be moved, or used by another checkout.
    println!("cargo:rustc-link-arg-bins=-Tlink.ld");
    println!("cargo:rustc-link-arg-bins=--no-pie");
    println!("cargo:rustc-link-arg-bins=-zmax-page-size=4096");
    println!("cargo:rerun-if-changed=link.ld");
}
