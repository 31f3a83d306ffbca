//! Codes of findings in overrides, the Nix of a catalogue: 3xx.

/// Hands its rows, after those before them, to the next macro.
macro_rules! override_codes {
    ($next:ident ! $($rest:ident !)* { $($before:tt)* }) => { $next! { $($rest !)* { $($before)*
    OverrideForm = "PGF301" Error "override is not of a known form";
    OverrideVersion = "PGF302" Error "override for a version that the catalogue lacks";
    UnknownPackage = "PGF303" Error "no package set has this argument";
    CatalogueOwned = "PGF304" Error "attribute belongs to the catalogue";
    OldAttribute = "PGF305" Error "generated derivation has no such attribute";
    UnknownAttribute = "PGF306" Warning "attribute that looks misspelt";
    ListReplaced = "PGF307" Warning "list replaces the generated one";
    AttributeType = "PGF308" Error "value of the wrong type";
    MissingPath = "PGF309" Error "path does not exist";
    PathOutside = "PGF310" Error "path leads out of the repository";
    Impure = "PGF311" Error "impure expression";
    ImportFromDerivation = "PGF312" Warning "import from derivation";
    WithWholeFile = "PGF313" Warning "`with` over a whole file";
    RecOverride = "PGF314" Warning "`rec` reference that overriding does not reach";
    OldHashName = "PGF315" Warning "`sha256 =` where `hash =` is meant";
    OldName = "PGF316" Warning "`name` where `pname` and `version` are meant";
    OldRev = "PGF317" Warning "`rev = \"refs/tags/…\"` where `tag` is meant";
    OldSpelling = "PGF318" Warning "spelling that nixpkgs has given up";
    BuildTool = "PGF319" Warning "build tool among `buildInputs`";
    PhaseHooks = "PGF320" Warning "phase without its hooks";
    NixInShell = "PGF321" Warning "Nix where the shell runs a program";
    BuilderArgument = "PGF322" Warning "argument that the builder has read already";
    } } };
}
