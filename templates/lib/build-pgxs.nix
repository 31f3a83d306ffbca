# PGXS, PostgreSQL's own build system for extensions.
{ buildExtension }:

buildExtension { }
