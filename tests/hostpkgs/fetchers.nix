# Fixed-output fetchers. Their store paths are those of nixpkgs (they depend on name and hash only),
# so a source can be put into the store beforehand; if it is not there, it is downloaded.
{
  lib,
  stdenv,
}:
let
  hashOf =
    {
      hash ? "",
      sha256 ? "",
      sha512 ? "",
      ...
    }:
    if hash != "" then
      {
        outputHash = hash;
        outputHashAlgo = null;
      }
    else if sha512 != "" then
      {
        outputHash = sha512;
        outputHashAlgo = "sha512";
      }
    else
      {
        outputHash = if sha256 != "" then sha256 else lib.fakeHash;
        outputHashAlgo = "sha256";
      };

  download =
    {
      name,
      urls,
      recursive ? false,
      given,
      command,
      passthru ? { },
    }:
    stdenv.mkDerivation (
      hashOf given
      // {
        inherit name urls passthru;
        outputHashMode = if recursive then "recursive" else "flat";
        preferLocalBuild = true;
        impureEnvVars = [
          "http_proxy"
          "https_proxy"
          "no_proxy"
          "NIX_SSL_CERT_FILE"
        ];
        buildCommand = ''
          get() {
            local url
            for url in $urls; do
              echo "trying $url"
              if curl --fail --location --silent --show-error --retry 2 --connect-timeout 20 --output "$1" "$url"; then return; fi
            done
            echo "error: $name can't be downloaded here; put it into the store first" >&2
            exit 1
          }
          ${command}
        '';
        meta = given.meta or { };
      }
    );

  unpackTo = stripRoot: extra: ''
    get "$TMPDIR/archive"
    mkdir "$TMPDIR/unpacked" && cd "$TMPDIR/unpacked"
    case "$urls" in
      *.zip*) unzip -qq "$TMPDIR/archive" ;;
      *) tar xf "$TMPDIR/archive" --no-same-owner ;;
    esac
    ${if stripRoot then ''mv "$(ls -A)" "$out"'' else ''mv "$TMPDIR/unpacked" "$out"''}
    chmod -R u+w "$out"
    ${extra}
  '';
in
rec {
  fetchurl =
    {
      url ? "",
      urls ? [ ],
      name ? baseNameOf (builtins.head (lib.optional (url != "") url ++ urls)),
      ...
    }@args:
    download {
      inherit name;
      given = args;
      urls = lib.optional (url != "") url ++ urls;
      recursive = args.recursiveHash or false;
      passthru = { inherit url; };
      command = ''
        get "$out"
        ${args.postFetch or ""}
      '';
    };

  fetchzip =
    {
      url ? "",
      urls ? [ ],
      name ? "source",
      stripRoot ? true,
      postFetch ? "",
      passthru ? { },
      ...
    }@args:
    download {
      inherit name passthru;
      given = args;
      urls = lib.optional (url != "") url ++ urls;
      recursive = true;
      command = unpackTo stripRoot postFetch;
    };
  fetchTarball = fetchzip;

  fetchgit =
    {
      url,
      rev ? null,
      tag ? null,
      name ? "source",
      fetchSubmodules ? true,
      ...
    }@args:
    assert lib.assertMsg (
      (rev == null) != (tag == null)
    ) "fetchgit requires one of either `rev` or `tag` to be provided (not both).";
    download {
      inherit name;
      given = args;
      urls = [ url ];
      recursive = true;
      passthru = { inherit url rev tag; };
      command = ''
        git init --quiet "$out" && cd "$out"
        git fetch --quiet --depth 1 "$urls" ${
          lib.escapeShellArg (if tag != null then "refs/tags/${tag}" else rev)
        }
        git checkout --quiet FETCH_HEAD
        ${lib.optionalString fetchSubmodules "git submodule --quiet update --init --recursive --depth 1"}
        find "$out" -name .git -prune -exec rm -rf {} +
      '';
    };

  fetchFromGitHub =
    {
      owner,
      repo,
      tag ? null,
      rev ? null,
      name ? "source",
      fetchSubmodules ? false,
      githubBase ? "github.com",
      ...
    }@args:
    assert lib.assertMsg (
      (rev == null) != (tag == null)
    ) "fetchFromGitHub requires one of either `rev` or `tag` to be provided (not both).";
    let
      base = "https://${githubBase}/${owner}/${repo}";
      revision = if tag != null then "refs/tags/${tag}" else rev;
      found = {
        inherit owner repo tag;
        rev = revision;
        gitRepoUrl = "${base}.git";
      };
      rest = builtins.removeAttrs args [
        "owner"
        "repo"
        "tag"
        "rev"
        "fetchSubmodules"
        "githubBase"
      ];
    in
    (
      if fetchSubmodules then
        fetchgit (
          rest
          // {
            inherit name fetchSubmodules;
            url = "${base}.git";
            rev = revision;
          }
        )
      else
        fetchzip (
          rest
          // {
            inherit name;
            url = "${base}/archive/${revision}.tar.gz";
          }
        )
    )
    // found;

  fetchFromGitLab =
    {
      owner,
      repo,
      tag ? null,
      rev ? "refs/tags/${tag}",
      domain ? "gitlab.com",
      ...
    }@args:
    fetchzip (
      builtins.removeAttrs args [
        "owner"
        "repo"
        "tag"
        "rev"
        "domain"
      ]
      // {
        url = "https://${domain}/api/v4/projects/${owner}%2F${repo}/repository/archive.tar.gz?sha=${rev}";
      }
    );

  # nixpkgs normalises the patch with filterdiff before hashing; so does this, if it must download.
  fetchpatch =
    args:
    fetchurl (
      {
        name = args.name or (baseNameOf args.url);
        postFetch = ''
          filterdiff --strip-match=1 --addoldprefix=a/ --addnewprefix=b/ --clean "$out" >"$TMPDIR/patch"
          mv "$TMPDIR/patch" "$out"
        '';
      }
      // builtins.removeAttrs args [
        "stripLen"
        "extraPrefix"
        "excludes"
        "includes"
        "revert"
      ]
    );
  fetchpatch2 = fetchpatch;

  fetchCrate =
    {
      pname,
      version,
      unpack ? true,
      name ? if unpack then "${pname}-${version}.tar.gz" else "${pname}-${version}.crate",
      ...
    }@args:
    (if unpack then fetchzip else fetchurl) (
      builtins.removeAttrs args [
        "pname"
        "unpack"
        "version"
      ]
      // {
        inherit name;
        url = "https://static.crates.io/crates/${pname}/${pname}-${version}.crate";
      }
    );
}
