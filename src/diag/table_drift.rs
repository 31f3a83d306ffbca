//! Codes of drift between the catalogue and the tree: 6xx.

/// Hands its rows, after those before them, to the next macro.
macro_rules! drift_codes {
    ($next:ident ! $($rest:ident !)* { $($before:tt)* }) => { $next! { $($rest !)* { $($before)*
    OutOfDate = "PGF601" Error "generated file is not what the catalogue gives";
    EditedByHand = "PGF602" Error "generated file was edited by hand";
    ForeignFile = "PGF603" Error "a file of somebody else's stands where a generated one belongs";
    Interrupted = "PGF604" Warning "a run was interrupted";
    CommittedEdit = "PGF605" Warning "generated file was edited by hand, and committed";
    RequiredVersion = "PGF606" Error "another version of pgflakegen is required";
    MergeConflict = "PGF607" Error "merge conflict";
    LockDiffers = "PGF608" Error "flake.lock is not what the catalogue pins";
    HandWrittenPipeline = "PGF631" Hint "pipeline that is written by hand";
    } } };
}
