//! Codes of findings in Nix files, whatever they are for: 2xx.

/// Hands its rows, after those before them, to the next macro.
macro_rules! syntax_codes {
    ($next:ident ! $($rest:ident !)* { $($before:tt)* }) => { $next! { $($rest !)* { $($before)*
    NixNotUtf8 = "PGF201" Error "Nix file is not UTF-8" :
        "Nix takes any bytes in strings and comments, but editors, formatters, JSON and every reader of the repository expect UTF-8. The place shown is the first byte that is not. Save the file as UTF-8.";
    NixTooDeep = "PGF202" Error "Nix text nests too deeply" :
        "Brackets, functions or operators nest so deeply that parsing the text could exhaust the stack. No person writes such a file; a generated one can bind inner parts with `let … in`.";
    NixSyntax = "PGF203" Error "Nix syntax error" :
        "The file is not Nix at this place. All syntax errors of a file are shown in one run; other rules look at the file once it parses.";
    NixUnclosed = "PGF204" Error "bracket, string or comment is not closed" :
        "The place shown is where the construct began. When indentation shows where the end is missing, the innermost bracket that fits is named rather than the one left over at the end of the file.";
    NixUnopened = "PGF205" Error "bracket does not fit" :
        "A closing bracket closes nothing, or closes a bracket of another kind. One of the two is a slip, or the opening one is missing.";
    NixMissingSemicolon = "PGF206" Error "`;` is missing after a binding" :
        "Every binding in a set or in `let` ends with `;`. Without it Nix reads the next name as an argument of the value and stumbles over its `=`.";
    NixDuplicateAttribute = "PGF207" Error "attribute is defined twice" :
        "A set or `let` binds a name twice. Nix merges two sets written out (`a = { … }; a.b = …;`) and refuses everything else.";
    NixDuplicateFormal = "PGF208" Error "argument is named twice" :
        "A function's argument set names the same argument twice, or names the whole set like one of its arguments. Nix refuses it.";
    PipeOperator = "PGF209" Warning "pipe operator" :
        "`|>` and `<|` are an experimental feature of Nix (`pipe-operators`): with Nix as it is installed the file is a syntax error. Write an application.";
    UnboundName = "PGF210" Error "name is not bound" :
        "No `let`, `rec`, argument or `with` around it binds the name and Nix has no such global. Nix refuses the whole file. Usually the name is misspelt or missing among the function's arguments: `{ lib, openssl }:`.";
    UnusedBinding = "PGF211" Warning "`let` binding is not used" :
        "Nothing in its scope uses the name. Remove the binding, or use it; a name left behind usually means that an edit stopped half way. A name that begins with `_` is left alone.";
    UnusedFormal = "PGF212" Warning "argument is not used" :
        "The function does not use the argument. A package that is asked for and not used misleads the reader, and breaks the file when nixpkgs removes that package. Remove it. A name that begins with `_` is left alone.";
    UnusedWith = "PGF213" Warning "`with` has no effect" :
        "No name in the body of this `with` is left to it: every one is bound by `let`, an argument or Nix itself, and those come before any `with`. Remove it.";
    UselessEscape = "PGF214" Warning "escape does nothing" :
        "In \"…\" a backslash means something before n, r, t, \\, \" and ${ only, and in ''…'' the escapes are ''', ''$ and ''\\: anything else is passed on without the backslash, so `\\.` is just `.`. For a regular expression or a shell script write the backslash twice in \"…\"; in ''…'' one backslash stands for itself.";
    WrongEscape = "PGF215" Warning "escape of the other kind of string" :
        "`\\${` keeps Nix from interpolating in \"…\" and `''${` does in ''…''. In the other kind of string the same characters interpolate after all, and the shell gets the value with a stray backslash or two quotes before it.";
    CrlfInString = "PGF216" Warning "CRLF line ends inside a '' string" :
        "Nix keeps the carriage returns of a ''…'' string, so a shell script gets them at the end of each line and fails with `$'\\r': command not found`. Save the file with LF line ends (`git config core.autocrlf input`, or `*.nix text eol=lf` in .gitattributes).";
    MalformedHash = "PGF217" Error "hash is malformed" :
        "A hash is `sha256-` and 44 characters of base 64 (SRI; sha512- and 88), or in the older attributes sha256/sha512 also base 32 or base 16 of the right length. This one has another length or characters that its alphabet lacks, so the download could never be accepted.";
    FakeHash = "PGF218" Error "placeholder in place of a hash" :
        "`lib.fakeHash`, an empty string and hashes of zeros are there to make Nix print the right one. The build stops there. Put in what Nix printed after `got:`.";
    MissingHash = "PGF219" Error "fetcher without a hash" :
        "A fetcher that is given no hash cannot run in the sandbox, and what it brings may change. Give `hash = \"sha256-…\";`. `builtins.fetchGit` is pinned by a full `rev`.";
    UnknownBuiltin = "PGF220" Error "`builtins` has no such attribute" :
        "No version of Nix up to 2.34 has this builtin. Functions of nixpkgs' library are in `lib`.";
    NotInLib = "PGF221" Warning "name that `lib` does not have" :
        "Under `with lib;` a name that the file does not bind is looked for in nixpkgs' lib, which has none of this name, and had none since 2021; where it is evaluated, Nix stops with `undefined variable`. Often an argument was forgotten (`source`, `fetchpatch`), or a name of `pkgs` was meant. A lib that a flake has extended may have more: say so with `# pgflakegen: allow PGF221 because …`.";
    AllowReason = "PGF230" Warning "`pgflakegen: allow` without a reason" :
        "Whoever reads the file later needs to know why the finding was allowed: `# pgflakegen: allow PGF307 because the inputs of nixpkgs are for another version`. Without a reason nothing is allowed.";
    AllowUnused = "PGF231" Warning "`pgflakegen: allow` allows nothing" :
        "The comment names a code that has no finding on its line or the next. The mistake was mended, or the comment has moved away from it. Remove it.";
    AllowUnknown = "PGF232" Warning "`pgflakegen: allow` is not understood" :
        "After `# pgflakegen: allow` come one or more codes (PGF307, PGF311), `because` and the reason. Syntax errors cannot be allowed.";
    } } };
}
