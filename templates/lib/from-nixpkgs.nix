# Extensions of the package set itself, by name.
{ postgresql }:

attribute: postgresql.pkgs.${attribute}
