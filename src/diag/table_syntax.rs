//! Codes of findings in Nix files, whatever they are for: 2xx.

/// Hands its rows, after those before them, to the next macro.
macro_rules! syntax_codes {
    ($next:ident ! $($rest:ident !)* { $($before:tt)* }) => { $next! { $($rest !)* { $($before)*
    NixNotUtf8 = "PGF201" Error "Nix file is not UTF-8";
    NixTooDeep = "PGF202" Error "Nix text nests too deeply";
    NixSyntax = "PGF203" Error "Nix syntax error";
    NixUnclosed = "PGF204" Error "bracket, string or comment is not closed";
    NixUnopened = "PGF205" Error "bracket does not fit";
    NixMissingSemicolon = "PGF206" Error "`;` is missing after a binding";
    NixDuplicateAttribute = "PGF207" Error "attribute is defined twice";
    NixDuplicateFormal = "PGF208" Error "argument is named twice";
    PipeOperator = "PGF209" Warning "pipe operator";
    UnboundName = "PGF210" Error "name is not bound";
    UnusedBinding = "PGF211" Warning "`let` binding is not used";
    UnusedFormal = "PGF212" Warning "argument is not used";
    UnusedWith = "PGF213" Warning "`with` has no effect";
    UselessEscape = "PGF214" Warning "escape does nothing";
    WrongEscape = "PGF215" Warning "escape of the other kind of string";
    CrlfInString = "PGF216" Warning "CRLF line ends inside a '' string";
    MalformedHash = "PGF217" Error "hash is malformed";
    FakeHash = "PGF218" Error "placeholder in place of a hash";
    MissingHash = "PGF219" Error "fetcher without a hash";
    UnknownBuiltin = "PGF220" Error "`builtins` has no such attribute";
    NotInLib = "PGF221" Warning "name that `lib` does not have";
    AllowReason = "PGF230" Warning "`pgflakegen: allow` without a reason";
    AllowUnused = "PGF231" Warning "`pgflakegen: allow` allows nothing";
    AllowUnknown = "PGF232" Warning "`pgflakegen: allow` is not understood";
    } } };
}
