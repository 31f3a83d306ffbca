let
  pkgs = { old = throw "old was removed; use new"; };
in
  { a = pkgs.old; }.a
