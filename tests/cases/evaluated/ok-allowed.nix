{ }:
old: {
  # pgflakegen: allow PGF409 because older revisions of nixpkgs had it otherwise
  strictDeps = true;
  makeFlags = old.makeFlags ++ [ "A=1" ];
}
