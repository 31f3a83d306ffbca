{ opensll, zlib, nonsense ? null, libpqxx_of_nobody }:
old: { buildInputs = old.buildInputs ++ [ opensll zlib libpqxx_of_nobody nonsense ]; }
