//! Codes of drift between the catalogue and the tree: 6xx.

/// Hands its rows, after those before them, to the next macro.
macro_rules! drift_codes {
    ($next:ident ! $($rest:ident !)* { $($before:tt)* }) => { $next! { $($rest !)* { $($before)*
    OutOfDate = "PGF601" Error "generated file is not what the catalogue gives" :
        "The file differs from what pgflakegen makes of the catalogue as it is now: the catalogue was changed and `pgflakegen` not run, or it was run in another version. Run `pgflakegen` and commit the result together with the catalogue.";
    EditedByHand = "PGF602" Error "generated file was edited by hand" :
        "The file carries pgflakegen's mark, but its text is no longer the one the mark's hash stands for: somebody has changed it since. It is not overwritten, so that no edit is lost. Move the change to where it belongs (the extension's entry in catalogue/extensions/, an override in catalogue/overrides/, or catalogue/extra.nix) and run `pgflakegen generate --force`. For flake.lock: put the new revision into catalogue/flake.toml.";
    ForeignFile = "PGF603" Error "a file of somebody else's stands where a generated one belongs" :
        "There is a file at a path that pgflakegen wants to write, and it does not carry pgflakegen's mark, or it is a directory, a link or no text. It is not overwritten. Move it away (hand-written outputs go to catalogue/extra.nix), or run `pgflakegen generate --force` to replace it.";
    } } };
}
