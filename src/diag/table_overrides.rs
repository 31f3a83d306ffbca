//! Codes of findings in overrides, the Nix of a catalogue: 3xx.

/// Hands its rows, after those before them, to the next macro.
macro_rules! override_codes {
    ($next:ident ! $($rest:ident !)* { $($before:tt)* }) => { $next! { $($rest !)* { $($before)*
    OverrideForm = "PGF301" Error "override is not of a known form" :
        "An override is a function of packages that gives a function of the old attributes: `{ lib, openssl }: old: { … }`, or `{ … }: finalAttrs: prevAttrs: { … }`, or `{ … }: { versions = { \"1.2.3\" = old: { … }; }; default = old: { … }; }`. For kind = \"custom\" it is `{ stdenv, version, src, … }: derivation`. See docs/overrides.md.";
    OverrideVersion = "PGF302" Error "override for a version that the catalogue lacks" :
        "A key of `versions` is not a version of this extension in the catalogue, so that what stands under it would never be used.";
    UnknownPackage = "PGF303" Error "no package set has this argument" :
        "The override's arguments are filled from nixpkgs as `callPackage` does. No package or function there has this name, so evaluation would stop. The nearest names are shown; `pgflakegen index` renews the list of names after nixpkgs was updated.";
    CatalogueOwned = "PGF304" Error "attribute belongs to the catalogue" :
        "pname, version, src and hash are what the catalogue is about: set here they would silently disagree with it, and with every report. Change the extension's TOML file instead; where the override must own the attribute, say so there: `override-owns = [\"src\"]`.";
    OldAttribute = "PGF305" Error "generated derivation has no such attribute" :
        "`old.x` is read and the generated derivation has no x, so evaluation would stop. Where the attribute may be absent write `old.x or [ ]` (or another default).";
    UnknownAttribute = "PGF306" Warning "attribute that looks misspelt" :
        "mkDerivation passes attributes it does not know on as environment variables, so that a misspelt one is silently without effect. This one is unknown and very near to a known one. For a variable of the build write it under `env`.";
    ListReplaced = "PGF307" Warning "list replaces the generated one" :
        "The generated derivation has values here already, and this list throws them away. Write `old.buildInputs or [ ] ++ [ … ]` to add to them. To replace them on purpose say so: `# pgflakegen: allow PGF307 because …`.";
    AttributeType = "PGF308" Error "value of the wrong type" :
        "mkDerivation needs a list here and gets a string, or the other way round. A string in place of a list of inputs or patches fails when the derivation is evaluated or, worse, only in the build.";
    MissingPath = "PGF309" Error "path does not exist" :
        "A path is relative to the file it stands in. Nothing is there, so evaluation would stop. In a flake a file must also be known to git: `git add` it.";
    PathOutside = "PGF310" Error "path leads out of the repository" :
        "A flake sees nothing outside its repository: absolute paths, `~` and too many `..` exist on one machine only. Put the file into the repository.";
    Impure = "PGF311" Error "impure expression" :
        "The value depends on the machine, the time or the environment, so that a flake refuses it or two machines build different things. Take packages from the arguments in place of `<nixpkgs>`, and the system from `stdenv.hostPlatform`.";
    ImportFromDerivation = "PGF312" Warning "import from derivation" :
        "What is imported or read is the result of a build, so that evaluation has to build and stops for it. `nix flake check`, Hydra and nixpkgs forbid it. Commit the file instead.";
    WithWholeFile = "PGF313" Warning "`with` over a whole file" :
        "With `with lib;` over a whole file nobody can tell where a name comes from, neither readers nor tools, and a new name in the set changes the meaning of the file. Write `lib.optional`, `inherit (lib) optional;`, or `with lib;` around the one list that needs it.";
    RecOverride = "PGF314" Warning "`rec` reference that overriding does not reach" :
        "In `rec { version = \"1\"; name = \"x-${version}\"; }` the reference is fixed when the set is written: a later override of `version` does not reach it. Use the attributes handed in: `finalAttrs: prevAttrs: { … finalAttrs.version … }`.";
    OldHashName = "PGF315" Warning "`sha256 =` where `hash =` is meant" :
        "Fetchers take `hash = \"sha256-…\"`, which names its algorithm; `sha256 =` is the older spelling that nixpkgs no longer accepts in new files. The fix rewrites the value to the same hash.";
    OldName = "PGF316" Warning "`name` where `pname` and `version` are meant" :
        "mkDerivation makes `name` of `pname` and `version`. Set as one string it hides the version from every tool, and does not follow the catalogue.";
    OldRev = "PGF317" Warning "`rev = \"refs/tags/…\"` where `tag` is meant" :
        "fetchFromGitHub and its like take `tag = \"v1.2.3\"`, which cannot be confused with a branch of that name.";
    OldSpelling = "PGF318" Warning "spelling that nixpkgs has given up" :
        "The name was renamed in nixpkgs; the old one is an alias that is refused in nixpkgs' own files (`allowAliases = false`) or gone altogether. The help line has today's name.";
    BuildTool = "PGF319" Warning "build tool among `buildInputs`" :
        "Programs that run during the build belong in `nativeBuildInputs`; in `buildInputs` they are for the machine that will run the result, which breaks cross builds and strictDeps.";
    PhaseHooks = "PGF320" Warning "phase without its hooks" :
        "A phase that is written out replaces the standard one with its hooks, so that `preInstall` and `postInstall`, and the set-up hooks of inputs, no longer run. Begin with `runHook preInstall` and end with `runHook postInstall`.";
    NixInShell = "PGF321" Warning "Nix where the shell runs a program" :
        "`$(lib.makeBinPath [ x ])` in a string is a command of the shell, which finds no program of that name and puts nothing in its place. An expression of Nix stands in braces: `${lib.makeBinPath [ x ]}`.";
    BuilderArgument = "PGF322" Warning "argument that the builder has read already" :
        "buildPgrxExtension and buildRustPackage make phases and other attributes of buildFeatures, cargoPgrxFlags, usePgTestCheckFeature and their like when they are called. An override changes the attributes of the derivation that comes out, where nobody reads these any more. The catalogue has keys for some (features, pgrx); for the others `kind = \"custom\"` lets the file call the builder.";
    } } };
}
