# shellcheck shell=bash disable=SC2154
# A server with other versions of some extensions than the catalogue's defaults.

# Sets bin to it. Each word is NAME=VERSION; the name may be that of CREATE EXTENSION.
select_extension_versions() { # NAME=VERSION…
  local word extension version known chosen='' source system inputs overrides=() input made
  for word; do
    extension=${word%%=*} version=${word#*=}
    if [[ $word != ?*=?* ]]; then
      die "'$word' is no version of an extension: write pgvector=0.7.4"
    fi
    known=$(query '
      .postgresqls[$name].extensions
      | if has($extension) then $extension
        else first(to_entries[] | select(.value.sql | index($extension)) | .key) // "" end' \
      --arg name "$name" --arg extension "$extension")
    if [[ -z $known ]]; then
      die "PostgreSQL $name has no extension '$extension' here"
    fi
    extension=$known
    known=$(query '.postgresqls[$name].extensions[$extension].versions | join(", ")' --arg name "$name" --arg extension "$extension")
    if [[ ", $known, " != *", $version, "* || $version == *,* ]]; then
      die "PostgreSQL $name has no version '$version' of $extension; there are: ${known:-only the one of nixpkgs}"
    fi
    # Both are names of the catalogue. What they may consist of needs no quoting in Nix.
    if [[ $extension$version == *[!A-Za-z0-9._+~-]* ]]; then
      die "the version '$version' of $extension cannot be asked for"
    fi
    chosen+="\"$extension\" = \"$version\"; "
  done
  if [[ -z $chosen ]]; then
    return
  fi
  source=$(query '.flake.source // ""')
  system=$(query '.flake.system // ""')
  if [[ -z $source ]]; then
    die "other versions are built from the flake, and this program was not made by one"
  fi
  command -v nix >/dev/null || die "other versions are built by Nix, and there is no nix here"
  if [[ ! -e $source ]]; then
    die "the flake is not in the store any more ($source); run this program anew with nix run"
  fi
  # The very inputs that this program was made with.
  inputs=$(query '.flake.inputs | to_entries[] | "\(.key) path:\(.value)"')
  while read -r input; do
    overrides+=(--override-input "${input%% *}" "${input#* }")
  done <<<"$inputs"
  note "looking for PostgreSQL $name with ${*}"
  made=$(nix --extra-experimental-features 'nix-command flakes' eval --raw --no-write-lock-file "${overrides[@]}" \
    "path:$source#legacyPackages.$system.psql_$name.with-extension-versions" \
    --apply "f: let made = f { $chosen}; in made.drvPath + \" \" + made.outPath") ||
    die "PostgreSQL $name with ${*} cannot be evaluated; why is said above"
  bin=${made#* }
  if [[ ! -e $bin ]]; then
    note "building it"
    nix-store --realise "${made%% *}" >/dev/null || die "PostgreSQL $name with ${*} could not be built"
  fi
}
