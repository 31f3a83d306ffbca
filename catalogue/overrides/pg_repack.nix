# The client links all that `pg_config --libs` names.
{ postgresql }:
old: {
  buildInputs = old.buildInputs ++ postgresql.buildInputs;
}
