# Puts pgflakegen on the PATH of the steps that follow. PROGRAM: a package of a flake. PATHS: the file that they read.
set -euo pipefail

NIX_CONFIG="${NIX_CONFIG:-}
extra-experimental-features = nix-command flakes"
export NIX_CONFIG
program=$(nix build --no-link --print-out-paths --print-build-logs "${PROGRAM:?}" | head -n 1)
printf '%s/bin\n' "$program" >>"${PATHS:?}"
"$program/bin/pgflakegen" --version
