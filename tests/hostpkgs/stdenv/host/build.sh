# shellcheck shell=bash disable=SC1090,SC1091,SC2154
# The builder of every derivation in hostpkgs.
if [ -e "${NIX_ATTRS_SH_FILE:-.attrs.sh}" ]; then source "${NIX_ATTRS_SH_FILE:-.attrs.sh}"; fi
source "$stdenv/setup"
genericBuild
# Nix kills a builder whose output pipe closes early, as a last `exec`ed program can do:
# end with a shell builtin.
exit 0
