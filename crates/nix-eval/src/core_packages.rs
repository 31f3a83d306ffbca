//! Files that come with Nix: what `<nix/…>` leads to.

/// Nix code for `<nix/fetchurl.nix>`, which bootstraps use.
const FETCHURL: &str = r#"{ system ? "", url, hash ? "", md5 ? "", sha1 ? "", sha256 ? "", sha512 ? ""
, outputHash ?
    if hash != "" then hash else if sha512 != "" then sha512
    else if sha1 != "" then sha1 else if md5 != "" then md5 else sha256
, outputHashAlgo ?
    if hash != "" then "" else if sha512 != "" then "sha512"
    else if sha1 != "" then "sha1" else if md5 != "" then "md5" else "sha256"
, executable ? false, unpack ? false, name ? baseNameOf (toString url), impure ? false
}:
derivation ({
  builder = "builtin:fetchurl";
  system = "builtin";
  inherit name url executable unpack;
  urls = [ url ];
  outputHashMode = if unpack || executable then "recursive" else "flat";
  preferLocalBuild = true;
  impureEnvVars = [ "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy" ];
} // (if impure then { __impure = true; } else { inherit outputHash outputHashAlgo; }))
"#;

/// Where `<nix/…>` seems to be.
pub(crate) const COREPKGS: &[u8] = b"/__corepkgs__/";

pub(crate) fn core_package(path: &[u8]) -> Option<&'static str> {
    (path.strip_prefix(COREPKGS)? == b"fetchurl.nix").then_some(FETCHURL)
}
