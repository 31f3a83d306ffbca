# shellcheck shell=bash disable=SC2154
# Points cargo at the vendored crates; nothing is fetched from here on.
_useVendoredCrates() {
  export CARGO_HOME=$TMPDIR/cargo-home CARGO_TARGET_DIR=$TMPDIR/target
  mkdir -p "$CARGO_HOME"
  cat >"$CARGO_HOME/config.toml" <<EOF
[source.crates-io]
replace-with = "vendored"
[source.vendored]
directory = "$cargoDeps"
EOF
  # nixpkgs too insists that the source's lock file is the one that was vendored.
  if [ -e Cargo.lock ] && ! cmp Cargo.lock "$cargoDeps/Cargo.lock"; then
    echo "error: Cargo.lock of the source is not the one that was vendored" >&2
    exit 1
  fi
  [ -e Cargo.lock ] || cp --no-preserve=mode "$cargoDeps/Cargo.lock" Cargo.lock
}
postPatchHooks+=(_useVendoredCrates)
