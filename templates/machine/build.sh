# shellcheck shell=bash disable=SC2034
# Which PostgreSQL of the catalogue this machine has.

# Sets name, bin, major.
select_build() {
  name=${PGFLAKEGEN_POSTGRESQL:?}
  bin=$(query '.postgresqls[$name].bin' --arg name "$name")
  major=$(query '.postgresqls[$name].major' --arg name "$name")
}
