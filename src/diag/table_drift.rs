//! Codes of drift between the catalogue and the tree: 6xx.

/// Hands its rows, after those before them, to the next macro.
macro_rules! drift_codes {
    ($next:ident ! $($rest:ident !)* { $($before:tt)* }) => { $next! { $($rest !)* { $($before)*
    OutOfDate = "PGF601" Error "generated file is not what the catalogue gives" :
        "The file differs from what pgflakegen makes of the catalogue as it is now: the catalogue was changed and `pgflakegen` not run, or it was run in another version. Run `pgflakegen` and commit the result together with the catalogue.";
    EditedByHand = "PGF602" Error "generated file was edited by hand" :
        "The file carries pgflakegen's mark, but its text is none that pgflakegen has written here, nor what git's catalogues give, nor what a merge makes of these: somebody has changed it. It is not overwritten, so that no edit is lost. To keep the change, move it to where it belongs (the extension's entry in catalogue/extensions/, an override in catalogue/overrides/, or catalogue/extra.nix). To drop it, delete the file and run `pgflakegen`, which writes it anew; `pgflakegen generate --force` does that for all files.";
    ForeignFile = "PGF603" Error "a file of somebody else's stands where a generated one belongs" :
        "There is a file at a path that pgflakegen wants to write, and it does not carry pgflakegen's mark, or it is a directory, a link or no text. It is not overwritten. Move it away (hand-written outputs go to catalogue/extra.nix), or run `pgflakegen generate --force` to replace it.";
    Interrupted = "PGF604" Warning "a run was interrupted" :
        "An earlier run was to change several files of the catalogue at once and was killed, or lost power, when some of them were changed and others not. It has noted all of the changes. The next command that writes completes them; commands that only look change nothing, not even this. A file that somebody has edited since stays as it is.";
    CommittedEdit = "PGF605" Warning "generated file was edited by hand, and committed" :
        "What is committed of this file is neither what its catalogue gives nor what a merge makes of such texts: somebody has edited it and committed the edit. It is generated anew, as nothing is lost: git has the old text, and the help line says how to see it. To keep the change, move it to the catalogue, an override or catalogue/extra.nix.";
    RequiredVersion = "PGF606" Error "another version of pgflakegen is required" :
        "The key required-version of catalogue/flake.toml says which versions of pgflakegen this catalogue is generated with, as Cargo writes requirements: \">=0.2, <0.3\", \"=0.2.1\". This is another one, and what it gives could differ. Use one that fits, or change the key.";
    MergeConflict = "PGF607" Error "merge conflict" :
        "The file has the marks that git leaves where two branches changed the same lines: <<<<<<<, ======= and >>>>>>>. Keep what is right of both sides, delete the marks, and run `pgflakegen`; generated files need no merging, they are made anew.";
    LockDiffers = "PGF608" Error "flake.lock is not what the catalogue pins" :
        "flake.lock is made from [inputs.NAME] in catalogue/flake.toml. Somebody else has written it since: `nix flake update`, a bot, or Nix itself, which adds what an input has inputs of. It is not overwritten. `pgflakegen bump inputs --from-lock` writes the revisions that it has into the catalogue, with the table of what nixpkgs has; `rm flake.lock && pgflakegen` goes back to the catalogue's. What a catalogue has no words for (inputs that flake.toml does not name, a lock file of another version) cannot be taken over: add the input to flake.toml, or write `follows`.";
    HandWrittenPipeline = "PGF631" Hint "pipeline that is written by hand" :
        "[ci] of catalogue/flake.toml gives a pipeline (a workflow in .github/workflows, .gitlab-ci.yml, .buildkite/pipeline.yml), but one that somebody wrote stands there already. It is never replaced, not even with --force. Move it away to have the generated one, or name in workflows and services of [ci] those that are wanted.";
    } } };
}
