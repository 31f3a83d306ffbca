{ }:
old: {
  # cargo-pgrx installs the schema of this version only.
  postInstall = old.postInstall or "" + ''
    cp sql/upgrade/* "$out/share/postgresql/extension/"
  '';
}
