//! Codes of overrides that were evaluated: 4xx.

/// Hands its rows, after those before them, to the next macro.
macro_rules! evaluated_codes {
    ($next:ident ! $($rest:ident !)* { $($before:tt)* }) => { $next! { $($rest !)* { $($before)*
    EvalForm = "PGF401" Error "override gives something else than attributes" :
        "Called with the packages and the old attributes, the override gives no set: a string, a list, a derivation, or a function that wants more arguments than there are. What it must give is in docs/overrides.md.";
    EvalArgument = "PGF402" Error "the package set lacks this argument" :
        "The override was called as in the flake, and the package set has no package or function of this name, or has one that only says why it was removed. Other than PGF303, which knows nixpkgs from a list of names, this one asked nixpkgs itself, at the catalogue's revision.";
    EvalMissing = "PGF403" Error "attribute that is not there, evaluated" :
        "Evaluation asked a set for an attribute that it has not: `old.x` where the derivation has no x for this version or PostgreSQL, `lib.x`, a package's output. Where the attribute may be absent write `old.x or [ ]` (or another default).";
    EvalType = "PGF404" Error "value of the wrong type, evaluated" :
        "What the attribute's expression gives is of a type that mkDerivation, or the function it is handed to, does not take. Unlike PGF308 this is about the value, however it was computed.";
    EvalThrow = "PGF405" Error "evaluation is refused" :
        "A `throw`, `abort` or `assert` ended the evaluation of the overridden derivation; the one without the override evaluates. The text is that of whoever refused. Packages that were renamed or removed, broken or unfree in nixpkgs refuse in this way.";
    EvalFailed = "PGF406" Error "override cannot be evaluated" :
        "Evaluation of the overridden derivation ended in an error, as `nix build` would: infinite recursion (an attribute that needs itself: take `old.x`, not `finalAttrs.x`), a file that is not there, a number that is none.";
    EvalImpure = "PGF407" Error "evaluation needs what a flake may not see" :
        "The override asked for the environment, a path outside the repository, a source of this machine that only it names (path:, file://), or the result of a build (import from derivation). A flake is evaluated without them. Take packages from the arguments, and commit what would have to be built.";
    EvalOwned = "PGF408" Error "override changes what belongs to the catalogue" :
        "After the override the derivation has another pname, version or src than the catalogue gives, so that reports, receipts and `bump` would tell of something else than what is built. Change the extension's TOML file; where the override must own the attribute, say so there: `override-owns = [\"src\"]`.";
    EvalNothing = "PGF409" Warning "override changes nothing" :
        "In every build the attribute has, before the override, the value that the override gives it: the TOML file or nixpkgs says it already. Remove it. Where it shall stay, for instance because another revision of nixpkgs differs: `# pgflakegen: allow PGF409 because …`.";
    EvalGenerated = "PGF410" Warning "derivation does not evaluate without its override either" :
        "The generated derivation fails for a reason that is not the override's (nixpkgs marks a dependency as broken, or has no such package for the system), so that nothing can be said about the override there. `pgflakegen drvs` shows the whole error.";
    EvalFlake = "PGF411" Error "the flake cannot be evaluated" :
        "Evaluation stopped before it came to any override: in catalogue/extra.nix, in an input, or in nixpkgs itself. `pgflakegen eval .#packages --show-trace` shows the way there.";
    EvalUntracked = "PGF412" Error "git does not know the override" :
        "A flake in a git repository is what git tracks or has staged. The override is neither, so that Nix does not see it, and the flake fails for everybody. `git add` it.";
    EvalLimit = "PGF413" Error "evaluation takes too much" :
        "Evaluation of the overridden derivation took more memory or time than it may, as a loop without end does. The limits are there because overrides come from other people; `--max-memory` and `--max-time`, or PGFLAKEGEN_MAX_MEMORY and PGFLAKEGEN_MAX_TIME, raise them.";
    PackageFails = "PGF414" Error "packages that do not evaluate" :
        "`check --evaluate` evaluates every package, check, shell and app of the flake, as `nix flake check` does, and these fail for the same reason. `pgflakegen eval .#packages.SYSTEM.\"psql_15/bin\" --show-trace` shows the way to it.";
    LeftOut = "PGF421" Warning "extension that nixpkgs refuses" :
        "nixpkgs marks the extension, or something that it is built with, as broken, insecure, unfree or not for the system, at the catalogue's revision and with the flake's configuration. It is left out of psql_NAME/bin, whose receipt.json says so under left-out, and comes back by itself with a revision that has mended it; `nix build .#psql_NAME/exts/EXTENSION` gives nixpkgs' own words. To have this an error, write `required = true` in the extension's file; to be rid of it, take the PostgreSQLs out of the key postgresql, or the systems with exclude-systems.";
    RequiredRefused = "PGF422" Error "required extension that nixpkgs refuses" :
        "As PGF421, and the catalogue says `required = true`: psql_NAME/bin cannot be had without the extension, so it cannot be had at all. Move to a revision of nixpkgs that has mended it, build it from a source of the catalogue's own, or remove `required`.";
    NotInNixpkgs = "PGF423" Error "extension that nixpkgs does not have" :
        "The extension comes from nixpkgs, which at the catalogue's revision has none of the names in `attr` (or the file's name) for this PostgreSQL. Renamed extensions have a new name: `attr = [\"new\", \"old\"]` takes the first that is there. Aliases do not count, since nixpkgs removes them after a while. An extension that is gone gets `broken = \"why\"`, or a source of the catalogue's own.";
    OwnVersion = "PGF424" Hint "nixpkgs has this PostgreSQL itself" :
        "The version that the catalogue pins is the one that nixpkgs has at the catalogue's revision, so nixpkgs' own derivation is taken, which the public binary cache has. Without `version` and `hash` the PostgreSQL follows nixpkgs; with them it stays at this version when nixpkgs moves on, and is then built here.";
    NoBase = "PGF425" Error "PostgreSQL that nixpkgs does not have" :
        "The entry is built by nixpkgs' recipe for the attribute in `base` (postgresql_NN without it), which nixpkgs at the catalogue's revision does not have: a major that is too new for it, or one that has ended and was removed. Move the pin, take the recipe of a neighbouring major with `base` and a source of the entry's own, or drop the entry.";
    OtherNixpkgsTable = "PGF426" Warning "table of another nixpkgs" :
        "catalogue/nixpkgs.toml was made from another revision of nixpkgs than [inputs.nixpkgs] in flake.toml pins, so nothing of it is used. `pgflakegen index` makes it anew, from the pinned nixpkgs when that is on this machine, else from the one in the folder of --nixpkgs.";
    EndOfLife = "PGF427" Warning "PostgreSQL near or after its end of life" :
        "PostgreSQL's project makes minor releases of a major for five years; after the last one, security holes stay open, and nixpkgs removes the major soon. The day is compared with the commit of the pinned nixpkgs, so that the same catalogue gives the same findings on every day. Users move on with migration-test or pg_upgrade; then the entry goes from postgresql.toml.";
    NixpkgsTooOld = "PGF428" Error "nixpkgs that is too old" :
        "The generated flake builds extensions with nixpkgs' postgresqlBuildExtension, which NixOS 25.05 is the first release to have. The nixpkgs that is pinned has it not. `pgflakegen bump inputs nixpkgs` moves the pin to where its branch is, `--to REV` to a revision.";
    NoMachine = "PGF441" Error "derivation that no machine of the plan can build" :
        "A derivation wants a machine with certain features (requiredSystemFeatures: kvm, big-parallel and their like), and none of the runners that build for its system has them. It is in no job of the plan. Build it on a remote builder or with Hydra, or leave it out for this system (exclude-systems).";
    TooManyJobs = "PGF442" Error "plan that is too large" :
        "GitHub takes 256 jobs of a matrix and one megabyte of outputs of a job. Entries of a plan have several jobs where that is needed, but this one is too large all the same. Plan for some of the systems at a time (--systems), or only what has changed (--since, --check-cache-status).";
    } } };
}
