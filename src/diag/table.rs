codes! {
    // --- 1xx: the catalogue ---
    InvalidUtf8 = "PGF101" Error "file is not UTF-8" :
        "Catalogue files are TOML and TOML is UTF-8. The message says at which byte the text stops being UTF-8. Save the file as UTF-8.";
    TomlSyntax = "PGF102" Error "TOML syntax error" :
        "The file is not TOML. The place shown is where the parser could not go on; the mistake may be a little before it. See https://toml.io.";
    DuplicateKey = "PGF103" Error "key given twice" :
        "A key stands twice in one table, or a table is opened twice. TOML forbids it because one of the two would be lost. Keep one.";
    UnknownKey = "PGF104" Error "unknown key" :
        "No such key is known here, so it would have no effect; usually it is a spelling mistake, and the nearest known key is named. `pgflakegen schema` prints what is known.";
    WrongType = "PGF105" Error "value of the wrong type" :
        "The key exists, but its value must be of another type, for example a string instead of a number (version = \"15.8\", not 15.8) or an array instead of a string.";
    MissingKey = "PGF106" Error "required key is missing" :
        "The table needs a key that is not there. The message names it and the help line shows how to write it.";
    EmptyCatalogue = "PGF107" Error "the catalogue has nothing to generate from" :
        "There is no catalogue folder, or it names no PostgreSQL at all. `pgflakegen init` makes a small working one.";
    InvalidValue = "PGF108" Error "value is not acceptable" :
        "The value has the right type but not the right form; the message says which form it must have.";
    ControlCharacter = "PGF109" Error "text that cannot be seen" :
        "A string contains a line break, a tab, another control character, or one of those Unicode characters that are invisible or change the direction of text. Catalogue text ends up in Nix files, shell scripts and postgresql.conf, where no key has a use for such a character, and a reviewer cannot see it. Write the text on one line. If a build really needs such a value, put it into an override.";
    MissingFile = "PGF110" Error "a file is missing" :
        "The catalogue refers to a file that is not there: a patch, an override, a lock file, a setting's script, or one of the files every catalogue has (flake.toml and postgresql.toml). Paths are relative to the catalogue folder, so an extension writes patches = [\"patches/pg_cron/pg15.patch\"], whatever folder the extension's own file is in. Correct the path, or add the file.";
    OutsideCatalogue = "PGF111" Error "path leads out of the catalogue folder" :
        "What the catalogue names must lie inside the catalogue folder, because the flake is copied to the Nix store as a whole: an absolute path, one with `..`, or a link to somewhere else would work on one machine only, and could take in files that nobody meant to publish. Copy the file into the catalogue folder and name it from there.";
    UnreferencedFile = "PGF112" Warning "file that nothing refers to" :
        "A file in the folders overrides, patches, locks or files is named by no key. Usually its extension was removed, or the key that should name it was forgotten, and then the patch is silently not applied. Name it or remove it. README files and files whose name begins with a dot are left alone.";
    StrayFile = "PGF113" Warning "file that is not read" :
        "A file looks like part of the catalogue but is not: a TOML file with another name than flake.toml, postgresql.toml, pgrx.toml or nixpkgs.toml, or something in the extensions folder that is not NAME.toml directly in it. What it says has no effect. Rename, move or remove it.";
    UnsafeName = "PGF114" Error "name that is not safe everywhere" :
        "Names become attributes (psql_17/exts/pgvector), file names (generated/extensions/pgvector.nix) and SQL, so they keep to what is safe in all three. A PostgreSQL's name has lower-case letters, digits, `_` and `-`. An extension's name is an identifier of the Nix language: it does not begin with a digit, is no keyword, and has no dot; and it is none of the names Windows reserves (con, nul…), so that the repository can be checked out everywhere. A SQL name follows what CREATE EXTENSION takes. A version has letters, digits and . _ - + ~.";
    DuplicateName = "PGF115" Error "one name for two things" :
        "Two PostgreSQLs, two extensions, two versions of one extension, or two attributes have the same name. One would hide the other. Names that differ only in case count as the same, since on macOS and Windows their files would be. Attributes can collide though the versions differ: 1.2_3 and 1.2.3 would both be NAME-1_2_3. Rename one of the two. Only a version may be there several times, each with a source of its own, for PostgreSQLs of different majors.";
    DuplicateSqlName = "PGF116" Error "SQL name provided twice" :
        "In one PostgreSQL, CREATE EXTENSION finds an extension by its SQL name, so only one package can provide it; the files of the other would be overwritten. Two extensions may share a SQL name as long as no PostgreSQL takes both. Correct the key sql, or the postgresql lists. Names of PostgreSQL's own contrib extensions count too.";
    UnknownPostgresql = "PGF117" Error "unknown PostgreSQL" :
        "The name is none of those in postgresql.toml. PostgreSQLs are named as there (\"17\", \"17_6\", \"orioledb-17\"), not by their minor version. Correct the name, add an entry, or use a range over majors such as \">=15, <18\", which needs no change when a major is added.";
    BadRange = "PGF118" Error "malformed range of PostgreSQLs" :
        "A range is a list of comparisons with commas between, all of which must hold: \">=15\", \">=15, <18\", \"<= 16\", \"=17\". What is compared is the major version, a whole number; minor versions have no place in a range. Other signs (^15, ~15, 15.x, *) are not known, because they mean different things in different tools.";
    EmptyRange = "PGF119" Error "range that matches no PostgreSQL" :
        "No PostgreSQL of the catalogue is in the range, so what it stands at would be built for none. Ranges include released PostgreSQLs only: a prerelease or a fork is taken by naming it, or by its own key `like`. Correct the range, or name what is meant.";
    NoPostgresql = "PGF120" Error "extension that no PostgreSQL can use" :
        "As the catalogue stands, this extension or version would be built for no PostgreSQL or no system at all. If that is intended for now, mark it with broken = \"why\"; then it is left out and the reason is shown in lists. Otherwise name the PostgreSQLs it is for.";
    UnknownRequirement = "PGF121" Error "unknown required extension" :
        "requires names SQL extensions that must be created first, by the name CREATE EXTENSION takes: `vector`, not `pgvector`. The name is neither one that an extension of the catalogue provides nor one that PostgreSQL brings (contrib and procedural languages). Correct it, or add the extension that provides it.";
    RequirementMissing = "PGF122" Error "required extension missing for a PostgreSQL" :
        "An extension requires another that exists, but not for every PostgreSQL the first is for. CREATE EXTENSION would fail there. Either add the PostgreSQL to a version of the required extension, or take it out of the one that requires it. The same holds for systems: what requires an extension excludes at least the systems that the required one excludes. Contrib changes too: adminpack and old_snapshot ended with 16, pg_walinspect began with 15, pg_logicalinspect with 18.";
    CircularRequirement = "PGF123" Error "extensions that require each other" :
        "Following requires leads back to where it began, so none of these could be created first. Usually one of the requirements is not a real one, such as an extension that can use another but does not need it. Remove that one.";
    BadHash = "PGF124" Error "not a usable SRI hash" :
        "Sources are identified by their hash in SRI form: sha256- and 44 characters of base64, or sha512- and 88. The message says what is wrong: the algorithm, the length (something was cut off when copying), or a character that base64 does not have. md5 and sha1 are refused because two sources with one hash can be made. Nix's older spellings (hexadecimal, or sha256: and base32) mean the same but are not what the fetchers' `hash` takes; `nix hash convert --to sri` translates them.";
    PlaceholderHash = "PGF125" Error "placeholder in place of a hash" :
        "The hash is empty or all zero, which is what nixpkgs' lib.fakeHash gives: something to put there until Nix has said the right one. Nothing can be built from it. Build the package once and copy what Nix prints after `got:`, or let pgflakegen fetch the source and fill it in.";
    SameHash = "PGF126" Error "one hash for two sources" :
        "Two sources that differ have the same hash. This really happens: a version is added by copying the one before, the tag is changed and the hash is not. Nix finds a source by its hash, so it takes the old source out of the store and builds it under the new version's name, and nobody notices. Fetch the source anew and put its own hash there. Two extensions may share a hash if they are fetched from the same place.";
    SameCargoHash = "PGF127" Warning "one cargo-hash for two versions" :
        "Two versions have the same cargo-hash. The hash covers Cargo.lock, which has the crate's own version in it, so two versions rarely share one; more likely it was copied. Build the version with an empty cargo-hash to see the right one.";
    BadUrl = "PGF128" Error "unusable URL" :
        "Homepages, changelogs, sources and caches are http or https URLs: a scheme, a host, and only characters that a URL has (everything else percent-encoded). A URL with a user name or password is refused, since it would end up in the Nix store, which everybody on the machine can read.";
    BadSource = "PGF129" Error "source that does not say what to fetch" :
        "A source is a table with exactly one of github (\"OWNER/REPO\"), url (a file) and git (a repository elsewhere). With github and git, a tag or a rev says what is checked out, in the source for all versions or in a version for itself; a url needs neither. Example: source = { github = \"pgvector/pgvector\", tag = \"v{version}\" }. What nixpkgs has already is source = \"nixpkgs\".";
    BadRevision = "PGF130" Error "unusable tag or revision" :
        "A tag is the name of a Git tag, with or without refs/tags/ in front. A rev is a whole commit (40 hexadecimal digits) or a full reference (refs/…). A shortened commit is refused because it may become ambiguous, and a bare name as rev because it may be a branch, which moves. One of the two is enough.";
    BadPlaceholder = "PGF131" Error "placeholder that is wrong or missing" :
        "In tag, rev, url and changelog, {version} is replaced by the version. No other placeholder is known. Where several versions share one template it must contain {version}, or all would be fetched from the same place: one of them would carry another's source. A version whose tag follows no pattern has its own tag, rev or url.";
    UnknownLicense = "PGF132" Error "unknown license" :
        "Licenses are named as in nixpkgs' lib.licenses: postgresql, asl20, mit, gpl2Plus…; SPDX ids (\"Apache-2.0\") are not, but the help line translates them. Several licenses are an array. Deprecated names such as gpl2 are refused because they do not say whether later versions count. A license that nixpkgs holds for unfree (tsl, bsl11, unfree) makes Nix refuse to build unless allowUnfree is set.";
    UnknownSystem = "PGF133" Error "unknown system" :
        "Systems are Nix's: x86_64-linux, aarch64-linux, aarch64-darwin, x86_64-darwin and a few more for which nixpkgs has PostgreSQL. Each stands in a list once, and the flake is for at least one.";
    UnknownKind = "PGF134" Error "unknown kind" :
        "kind says how an extension is built: pgxs (make with PostgreSQL's PGXS), sql (nothing to compile), cmake, configure, meson, pgrx (Rust), prebuilt (files that upstream built), nixpkgs (the package set's own) or custom (the override builds it).";
    WrongKindKey = "PGF135" Error "key that does not go with the kind" :
        "The key is known, but has no effect on, or contradicts, how this extension is built: cmake-flags without CMake, pgrx keys without Rust, versions of something that nixpkgs decides the version of, a custom extension without the override that builds it. Remove the key or change the kind.";
    NoVersions = "PGF136" Error "extension without versions" :
        "An extension that is built here needs at least one [[version]] with version, postgresql and hash. To take whatever nixpkgs has, write source = \"nixpkgs\".";
    BadDefault = "PGF137" Error "default that is no fitting version" :
        "default pins which version psql_NAME/bin contains, for all PostgreSQLs or for some (default = { \"15\" = \"0.7.4\" }). It must be one of the extension's versions, not one marked broken, and where it is pinned for one PostgreSQL it must be for that one. Without a pin, the newest stable version that fits is taken.";
    CircularLike = "PGF138" Error "PostgreSQLs that are like each other" :
        "like = \"17\" makes a PostgreSQL take every extension version that 17 takes. Following it must end at one that stands by itself.";
    PostgresqlVersion = "PGF139" Error "version that does not go with the PostgreSQL" :
        "The exact version of a PostgreSQL belongs to its major (17.6 to 17) and is written as upstream does: 17.6, 19beta1, 19rc1. A beta or release candidate is marked prerelease = true, so that ranges such as \">=15\" do not take it before it is released; a release is not. A fork counts versions as it likes and has a source of its own.";
    UnknownPgrx = "PGF140" Error "cargo-pgrx that is not in pgrx.toml" :
        "A Rust extension is built by the very version of cargo-pgrx that its pgrx dependency has; any other refuses. So each version in use is an entry in catalogue/pgrx.toml, with the hash of the crate and of its own dependencies. Add the entry, or correct the version: it is the one after `pgrx = \"=` in the extension's Cargo.toml.";
    CargoVendor = "PGF141" Error "crates that are not pinned in one way" :
        "The crates of a Rust program are pinned either by cargo-hash, the hash of all of them as fetchCargoVendor gives them, or by cargo-lock, a committed Cargo.lock. Exactly one of the two; output-hashes go with a lock file only.";
    LockFile = "PGF142" Error "lock file that cannot be used" :
        "A Cargo.lock has the checksums of crates from crates.io, but not of those from Git: for each repository and commit, output-hashes gives one under the name-version of one of its crates, for example output-hashes = { \"pgrx-0.12.6\" = \"sha256-…\" }. Names that the lock file does not have are mistakes. The file itself is the unchanged Cargo.lock of the workspace.";
    RustToolchain = "PGF143" Error "Rust version that cannot be had" :
        "rust pins the compiler to an exact release, all three numbers (1.81.0), which comes from the rust-overlay input of flake.toml. Without rust, the package set's own Rust is used.";
    BadInput = "PGF144" Error "input that cannot be locked" :
        "flake.lock is written from [inputs.NAME]: url (github:OWNER/REPO, with a branch or tag if wanted), rev (40 hexadecimal digits), nar-hash (SRI) and last-modified (seconds since 1970). `nix flake metadata --json URL` shows all of them. nixpkgs must be there. follows makes an input's own input one of ours.";
    BadCacheKey = "PGF145" Error "unusable key of a binary cache" :
        "A cache's public key is NAME:BASE64, where the second part is 32 bytes. Nix takes packages from the cache only if they are signed with it. A key twice as long is the secret one, with which anybody could sign packages that your users would trust: it must never be in a repository.";
    BadSetting = "PGF146" Error "setting that cannot be set" :
        "The name of a postgresql.conf setting has letters, digits and `_`; those of extensions have a dot and are quoted in TOML (\"cron.database_name\"). Some settings have a key of their own: preload for shared_preload_libraries, port; others are given by the tools that start servers.";
    ConflictingSettings = "PGF147" Error "extensions that set one setting differently" :
        "Two extensions of the same PostgreSQL need different values of one setting; whichever came last would win. Decide by putting the setting into flake.toml, or into the PostgreSQL's entry: those go before the extensions'.";
    EmptyText = "PGF148" Error "text that says nothing" :
        "A description or the reason of broken is empty. broken is shown in lists and matrices to whoever wonders why something is not there: say what does not work, and where that is reported.";
    DescriptionStyle = "PGF149" Warning "description that is not in nixpkgs' style" :
        "nixpkgs' meta.description is one line, begins with what the thing is (no article, not its own name) and has no full stop: \"Vector similarity search\". Lists read better when all keep to it.";
    BadAttributePath = "PGF150" Error "not an attribute path" :
        "build-inputs and native-build-inputs name packages of nixpkgs by attribute path (openssl, perlPackages.DBI); base and attr name attributes too. They are names, not Nix expressions: whatever needs an expression goes into an override.";
    FlagWithSpace = "PGF151" Warning "flag with a space" :
        "nixpkgs hands flags to make, configure and cmake through one variable, split at spaces: \"CFLAGS=-O2 -g\" arrives as two arguments. If two were meant, write two strings. A value that must contain a space is set in an override.";
    UnknownLibrary = "PGF152" Warning "library that nothing provides" :
        "preload of flake.toml or preload-after of an extension names a library that no extension of the catalogue is known to have and that is none of PostgreSQL's own. A server that preloads a library that is not there does not start.";
    PostgresqlFeature = "PGF153" Error "feature that this PostgreSQL cannot have, or be without" :
        "features of [[postgresql]] says what the server is built with (true) or without (false), through the arguments of nixpkgs' recipe; what is not named is as nixpkgs has it. libcurl, NUMA and io_uring came with PostgreSQL 18, Zstandard with 15, LZ4 with 14; nixpkgs cannot leave out the last two. The languages plperl, plpython3 and pltcl are extensions: those that PostgreSQLs of a range take are left out where the language is, one that is named is a contradiction.";
    BoundExtension = "PGF154" Error "PostgreSQL without the extension that it exists for" :
        "extensions of [[postgresql]] names extensions that a fork exists for, as OrioleDB's patches exist for the extension orioledb. Without a version of it for this PostgreSQL the fork is of no use: when the fork moves on, the extension must move with it. Which go together is in the extension's repository (.pgtags of OrioleDB).";
    UnmatchedPostgresqlVersion = "PGF155" Error "version for a PostgreSQL that is not there any more" :
        "postgresql-version of a [[version]] binds it to PostgreSQLs of exactly that version, besides what postgresql says: an extension's release that goes with one patch set of a fork. None of the PostgreSQLs that it names has this version, so it would never be built.";
    NoFile = "PGF156" Warning "prebuilt version without a file for a system" :
        "What upstream built is a file for each system and each major version of PostgreSQL, with a hash under hashes. For a system of the flake, or for a PostgreSQL that the version is for, there is none: there the extension is left out of `bin`, and evaluation says so. Where upstream has no file, say it with exclude-systems or the version's list of PostgreSQLs; where it has one, `pgflakegen prefetch URL` tells its hash.";
    NixpkgsTable = "PGF157" Error "table of nixpkgs that cannot be read" :
        "catalogue/nixpkgs.toml says what the nixpkgs of the catalogue has for PostgreSQL: versions, licences, what it refuses. `pgflakegen index` writes it from a nixpkgs on this machine; it is not written by hand. Write it anew, or remove it: then `check` knows less of nixpkgs where nixpkgs itself is not at hand.";
    VersionPrefix = "PGF158" Error "version with a v in front" :
        "version is the number; the v of a tag stands in the source, as tag = \"v{version}\". With the v in both places the tag would be vv0.8.0, and a version that begins with a letter is older than any number, so that another would become the default.";
    UncomparableVersion = "PGF159" Warning "version that begins with a word" :
        "Versions are compared part by part, numbers as numbers; one that begins with a word is older than any that begins with a number, whatever it says. So it would never become the default beside a number, and bump would take any number for newer. Write the number, and what the tag is called beside it: tag = \"REL_1_2\". Words for what is not yet there (beta12) are compared as such.";
    UnknownSetting = "PGF160" Warning "setting that PostgreSQL does not have" :
        "Names without a dot are PostgreSQL's own, and a server does not start from a file with one that it does not know (`unrecognized configuration parameter`). What PostgreSQL 15 to 18 have is in the program; other majors and forks are not judged. Settings of extensions have a dot (\"cron.database_name\") and are not judged either.";
    PgrxTooOld = "PGF161" Error "pgrx that does not know the PostgreSQL" :
        "A release of pgrx knows some majors of PostgreSQL: 16 from 0.10.0 on, 17 from 0.12.0 on, 18 from 0.15.0 on, and no longer 11 from 0.12.0 on and 12 from 0.14.0 on. For any other the build has no feature (`pg18`) and stops. Take a version of the extension with another pgrx, or leave these PostgreSQLs out of the version's range. What an override does about it is not judged.";
    DeniedLicense = "PGF162" Error "license that the policy denies" :
        "deny of [policy] in flake.toml names licenses that nothing in the catalogue may have: ids of spdx.org (\"AGPL-3.0-only\") or names in nixpkgs' lib.licenses (\"agpl3Only\"). Of several licenses all hold, so one of them is enough. Leave the extension out, or change the policy; on a pull request `check --against BASE` goes by the policy of the base, which the request cannot change.";
    BadPolicy = "PGF163" Error "policy that means nothing" :
        "deny of [policy] names licenses by ids of spdx.org or names in nixpkgs' lib.licenses; a name that neither has denies nothing. An entry of [[policy.ignore]] has the id of a known vulnerability (\"CVE-2026-1234\"), the reason why it does no harm here, and the last day on which that holds (until = \"2026-12-31\").";
    SideBySide = "PGF164" Error "versions that cannot be side by side" :
        "side-by-side = true puts all versions of an extension into one server, each with a library of its own. What comes from nixpkgs has one version there, and a module without CREATE EXTENSION (sql = []) has nothing that could name a version. In flake.toml the key means all extensions that can; one with side-by-side = false stays out.";
    UnknownRunner = "PGF171" Error "runner that there is not" :
        "runners of [ci] says which of GitHub's own machines builds for a system: ubuntu-24.04, ubuntu-24.04-arm, macos-15 and their like. Labels that move (ubuntu-latest) are refused, because a workflow would then change without an edit, and so are those that GitHub has ended and machines of another system. Machines of one's own join as remote builders, which docs/publishing.md describes.";
    SystemWithoutRunner = "PGF172" Error "system that no runner builds for" :
        "The flake is for a system for which GitHub lends no machine, so no job could build it. List in systems of [ci] those that are to be built there; for the others use a remote builder or Hydra.";
    BadPush = "PGF173" Error "cache that cannot be pushed to" :
        "push of [[caches]] says where workflows copy what they have built: exactly one of s3 (a bucket, with its region), cachix, attic (with its server) and folder. Names and addresses have plain characters only, since they become part of workflows and of store URLs. Keys and tokens do not stand here: they are secrets of the service.";
}
