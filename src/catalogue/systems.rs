//! The systems a flake may be for.

/// Those that nixpkgs evaluates; the others have no PostgreSQL.
pub const KNOWN: [&str; 8] = [
    "aarch64-darwin",
    "aarch64-linux",
    "armv7l-linux",
    "i686-linux",
    "powerpc64le-linux",
    "riscv64-linux",
    "x86_64-darwin",
    "x86_64-linux",
];

/// Those of which there are machine images.
pub const MACHINES: [&str; 2] = ["aarch64-linux", "x86_64-linux"];
