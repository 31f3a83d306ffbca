{ }:
old: {
  # unit--7.sql names its data files by absolute path; they are in this output, not in PostgreSQL's.
  buildFlags = old.buildFlags or [ ] ++ [ "datadir=${placeholder "out"}/share/postgresql" ];
}
