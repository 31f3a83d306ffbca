# The nixpkgs that this set behaves like. Tests put another file of pins/ in this one's place.
import ./pins/2026-07.nix
