# Made-up extensions: one that needs libraries, and others that no image can have.
inputs:
let
  system = "x86_64-linux";
  pkgs = inputs.nixpkgs.legacyPackages.${system};
  generated = inputs.self.legacyPackages.${system}.psql_18;
  image = name: package: generated.cloudnative-pg.extension-image { inherit name package; };
  library = pkgs.runCommand "greeting-library" { } ''
    mkdir -p "$out/lib"
    echo 'const char *greeting_word(void) { return "hello"; }' >greeting.c
    cc -shared -fPIC -Wl,-soname,libgreeting.so.1 -o "$out/lib/libgreeting.so.1" greeting.c
  '';
  extension =
    {
      name,
      text ? "",
      control ? "module_pathname = '$libdir/${name}'",
    }:
    pkgs.runCommand "${name}-1.0" { version = "1.0"; } ''
      mkdir -p "$out/lib" "$out/share/postgresql/extension" "$out/share/postgresql/${name}"
      cat >${name}.c <<'C'
      #include "postgres.h"
      #include "fmgr.h"
      #include "utils/builtins.h"
      #include <uuid/uuid.h>
      extern const char *greeting_word(void);
      const char *path = "${text}";
      PG_MODULE_MAGIC;
      PG_FUNCTION_INFO_V1(${name});
      Datum ${name}(PG_FUNCTION_ARGS)
      {
        uuid_t id;
        char shown[37];
        if (path[0] == '/') elog(NOTICE, "%s", path);
        uuid_parse("00000000-0000-0000-0000-00000000002a", id);
        uuid_unparse_lower(id, shown);
        PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s %s", greeting_word(), shown)));
      }
      C
      cc -shared -fPIC -I$(${generated.postgresql.pg_config}/bin/pg_config --includedir-server) -o "$out/lib/${name}.so" ${name}.c \
        ${library}/lib/libgreeting.so.1 -luuid -Wl,-rpath,${library}/lib
      cat >"$out/share/postgresql/extension/${name}.control" <<'CONTROL'
      comment = 'made up'
      default_version = '1.0'
      directory = '${name}'
      ${control}
      CONTROL
      echo "create function ${name}() returns text language c as 'MODULE_PATHNAME';" \
        >"$out/share/postgresql/${name}/${name}--1.0.sql"
    '';
  data = pkgs.runCommand "greeting-data" { } ''
    mkdir -p "$out/share/greeting"
    echo hello >"$out/share/greeting/words"
  '';
  file = pkgs.runCommand "made_up_file-1.0" { } ''
    mkdir -p "$out/share/postgresql/extension"
    touch "$out/share/postgresql/extension/words.data"
  '';
  dictionary = pkgs.runCommand "made_up_dictionary-1.0" { } ''
    mkdir -p "$out/share/postgresql/tsearch_data"
    touch "$out/share/postgresql/tsearch_data/words.dict"
  '';
in
{
  legacyPackages.${system}.made-up = {
    greeting = image "greeting" (extension { name = "greeting"; });
    compiled_in = image "compiled_in" (extension {
      name = "compiled_in";
      # The server's headers, and a folder that is not there any more.
      text = "${generated.postgresql.dev}/include/server/postgres.h";
    });
    with_data = image "with_data" (extension {
      name = "with_data";
      text = "${data}/share/greeting/words";
    });
    with_dictionary = image "with_dictionary" dictionary;
    with_file = image "with_file" file;
    with_path = image "with_path" (extension {
      name = "with_path";
      control = "directory = '${data}/share'";
    });
  };
}
