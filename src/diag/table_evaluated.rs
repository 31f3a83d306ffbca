//! Codes of overrides that were evaluated: 4xx.

/// Hands its rows, after those before them, to the next macro.
macro_rules! evaluated_codes {
    ($next:ident ! $($rest:ident !)* { $($before:tt)* }) => { $next! { $($rest !)* { $($before)*
    EvalForm = "PGF401" Error "override gives something else than attributes";
    EvalArgument = "PGF402" Error "the package set lacks this argument";
    EvalMissing = "PGF403" Error "attribute that is not there, evaluated";
    EvalType = "PGF404" Error "value of the wrong type, evaluated";
    EvalThrow = "PGF405" Error "evaluation is refused";
    EvalFailed = "PGF406" Error "override cannot be evaluated";
    EvalImpure = "PGF407" Error "evaluation needs what a flake may not see";
    EvalOwned = "PGF408" Error "override changes what belongs to the catalogue";
    EvalNothing = "PGF409" Warning "override changes nothing";
    EvalGenerated = "PGF410" Warning "derivation does not evaluate without its override either";
    EvalFlake = "PGF411" Error "the flake cannot be evaluated";
    EvalUntracked = "PGF412" Error "git does not know the override";
    EvalLimit = "PGF413" Error "evaluation takes too much";
    PackageFails = "PGF414" Error "packages that do not evaluate";
    LeftOut = "PGF421" Warning "extension that nixpkgs refuses";
    RequiredRefused = "PGF422" Error "required extension that nixpkgs refuses";
    NotInNixpkgs = "PGF423" Error "extension that nixpkgs does not have";
    OwnVersion = "PGF424" Hint "nixpkgs has this PostgreSQL itself";
    NoBase = "PGF425" Error "PostgreSQL that nixpkgs does not have";
    OtherNixpkgsTable = "PGF426" Warning "table of another nixpkgs";
    EndOfLife = "PGF427" Warning "PostgreSQL near or after its end of life";
    NixpkgsTooOld = "PGF428" Error "nixpkgs that is too old";
    NoMachine = "PGF441" Error "derivation that no machine of the plan can build";
    TooManyJobs = "PGF442" Error "plan that is too large";
    } } };
}
