# Extensions of the package set itself, by name.
{ adaptPgrx, postgresql }:

attribute: adaptPgrx postgresql.pkgs.${attribute}
