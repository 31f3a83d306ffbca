//! cargo-pgrx runs this to learn the extension's SQL.
::pgrx::pgrx_embed!();
