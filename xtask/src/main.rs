//! The project's own chores: `cargo xtask e2e`.

fn main() -> anyhow::Result<()> {
    anyhow::bail!("usage: cargo xtask e2e")
}
