{ }:
old: {
  # unit--7.sql names its data files by absolute path; they are in this output, not in PostgreSQL's.
  buildFlags = old.buildFlags or [ ] ++ [ "datadir=${placeholder "out"}/share/postgresql" ];

  # What stands in unit_load() stays in the database, and after a pg_upgrade would name the files of the old
  # PostgreSQL, which are gone some day: it asks the server where its own are.
  postPatch = old.postPatch or "" + ''
    sed -i -E "s!^COPY (tmp_.*) FROM '@MODULEDIR@/(.*)';!EXECUTE format('COPY \1 FROM %L', (SELECT setting FROM pg_config WHERE name = 'SHAREDIR') || '/extension/\2');!" unit--*.sql.in
    if grep "^COPY tmp_.*@MODULEDIR@" unit--*.sql.in; then exit 1; fi
  '';
}
