//! The `pgflakegen` binary: everything is in the library.

fn main() -> std::process::ExitCode {
    pgflakegen::run()
}
