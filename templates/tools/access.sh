# shellcheck shell=bash disable=SC2154
# Who is let in: on the socket its owner, without a password; over TCP who knows the password, which is made
# once for each data directory and kept in it, in the form that clients read (a passfile).

readonly passfile=pgflakegen.passfile
# For sessions whose statements have passwords: they must not get into a log.
readonly unlogged='-c log_statement=none -c log_min_duration_statement=-1 -c log_min_duration_sample=-1 -c log_transaction_sample_rate=0 -c log_min_error_statement=panic -c pg_stat_statements.track=none -c pgaudit.log=none'
readonly hba_begin="# BEGIN start-server: these lines are written anew at each start. Lines above them win."
readonly hba_end="# END start-server"

write_hba() { # DATADIR METHOD
  local file=$1/pg_hba.conf
  (
    umask 077
    {
      # All that is above our lines, if they are there already.
      if grep -qxF "$hba_begin" "$file"; then
        sed "/^$hba_begin\$/,\$d" "$file"
      fi
      printf '%s\n' "$hba_begin"
      printf 'local all         all trust\n'
      printf 'local replication all trust\n'
      printf 'host  all         all %s %s\n' 127.0.0.1/32 "$2" ::1/128 "$2"
      printf 'host  replication all %s %s\n' 127.0.0.1/32 "$2" ::1/128 "$2"
      printf '%s\n' "$hba_end"
      sed "/^$hba_begin\$/,/^$hba_end\$/d" "$file"
    } >"$file.new"
  )
  mv -- "$file.new" "$file"
}

# Makes a password for the server on $state, if its data directory has none. Sets password if it did.
ensure_password() { # PORT
  local user
  password=''
  if [[ -s $datadir/$passfile ]]; then
    return
  fi
  password=$(od -An -N18 -tx1 /dev/urandom | tr -d ' \n')
  PGOPTIONS=$unlogged PGDATABASE=postgres "$bin/bin/psql" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host="$state" --port="$1" \
    --username="$superuser" --no-password --set=user="$superuser" >&2 <<SQL || die "the password of $superuser cannot be set"
\\set password '$password'
alter role :"user" password :'password';
SQL
  user=${superuser//\\/\\\\}
  (umask 077 && printf '*:*:*:%s:%s\n' "${user//:/\\:}" "$password" >"$datadir/$passfile.new")
  mv -- "$datadir/$passfile.new" "$datadir/$passfile"
}
