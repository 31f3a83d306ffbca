# A PostgreSQL in an exact version. Where the package set has this one, its own is taken: the binary cache has it.
postgresql: args:

if postgresql.version == args.version then postgresql else postgresql.override args
