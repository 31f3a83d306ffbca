# shellcheck shell=bash
# Upgrades a database from one PostgreSQL to another and compares the content before and after.

readonly methods="pg_upgrade, link, clone, swap, pg_dumpall, logical"

usage() {
  cat <<EOF
Loads test data into PostgreSQL OLD, upgrades it to NEW, and compares what is in both.

usage: $program OLD NEW METHOD [--data DATA [--user NAME]] [--check] [--report FILE]… [--directory DIR] [--keep]
         [--before-compare FILE] [--plant FILE [--side old|new] [--pairs N]]

  OLD, NEW               one of: $names; or the store path of any earlier build
  METHOD                 one of: $methods; link, clone and swap (NEW 18 or later) are pg_upgrade's ways to have the
                         files in both, which it copies otherwise
  --data DATA            your own data instead: a data directory of OLD's major, of a server that is stopped
                         (it is copied, and never written to); a dump of pg_dump or pg_dumpall, in any
                         format; or the postgresql://… of a running server, which is dumped
  --user NAME            the superuser of that data directory  (default: $superuser)
  --check                only say what would stop the method, and what it does not carry as it is
  --report FILE          write the report to FILE as well: as JSON, or as HTML when it ends in .html
  --directory DIR        where both clusters are made  (default: /tmp); clone wants a filesystem that shares blocks
  --keep                 keep the working directory, with both clusters and all logs
  --before-compare FILE  SQL to run in NEW's database postgres before the comparison, for example a
                         planted difference that must be found
  --plant FILE           afterwards, plant each difference of FILE alone in a copy of NEW, or of OLD with
                         --side old, and say whether it is found; each is SQL below '-- planted: WHAT'
  --pairs N              with --plant, plant each together with the Nth after it as well

The data are the files of tests/migrations; changes.sql comes last, with 'logical' while changes are
being replicated. Exits with 0 when nothing differs, 1 when something does (or
what was planted is not found, or --check finds what stops the method), 2 when the test could not run.
EOF
}

arguments=() keep='' before_compare='' plant='' side=new data='' pairs='' only_check='' directory='' reports=()
while (($# > 0)); do
  case $1 in
    --help | -h)
      usage
      exit
      ;;
    --keep) keep=1 ;;
    --check) only_check=1 ;;
    --before-compare)
      (($# > 1)) || die "--before-compare wants a file"
      before_compare=$2
      shift
      ;;
    --before-compare=*) before_compare=${1#*=} ;;
    --plant | --side | --data | --user | --pairs | --report | --directory)
      (($# > 1)) || die "$1 wants a word"
      case $1 in
        --plant) plant=$2 ;;
        --side) side=$2 ;;
        --data) data=$2 ;;
        --pairs) pairs=$2 ;;
        --report) reports+=("$2") ;;
        --directory) directory=$2 ;;
        *) superuser=$2 ;;
      esac
      if [[ -z $2 ]]; then
        die "the word after $1 is empty"
      fi
      shift
      ;;
    --data=?*) data=${1#*=} ;;
    --user=?*) superuser=${1#*=} ;;
    --pairs=?*) pairs=${1#*=} ;;
    --report=?*) reports+=("${1#*=}") ;;
    --directory=?*) directory=${1#*=} ;;
    --plant=*) plant=${1#*=} ;;
    --side=*) side=${1#*=} ;;
    -*) die "there is no option $1; see $program --help" ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
if ((${#arguments[@]} != 3)); then
  die "give OLD NEW METHOD; OLD and NEW are of $names, or store paths; METHOD is one of $methods"
fi
method=${arguments[2]}
choose_way
if [[ -n $before_compare && ! -r $before_compare ]]; then
  die "$before_compare cannot be read"
fi
if [[ -n $plant && ! -r $plant ]]; then
  die "$plant cannot be read"
fi
if [[ $side != old && $side != new ]]; then
  die "--side is old or new, not '$side'"
fi
if [[ -n $pairs && ! $pairs =~ ^[1-9][0-9]{0,3}$ ]]; then
  die "--pairs is a number from 1, not '$pairs'"
fi
check_reports
if [[ -n $directory && (! -d $directory || ! -w $directory) ]]; then
  die "--directory $directory is no directory that can be written to"
fi
refuse_root
set_locale

select_both "${arguments[0]}" "${arguments[1]}"

# What helps where a data directory cannot be taken.
otherwise_running=", or give its postgresql://… as --data"
otherwise_dump="Give a dump as --data, or the postgresql://… of its server"

# Where both clusters are, when it is not where the sockets are.
work=''
if [[ -n $directory ]]; then
  directory=$(realpath -- "$directory")
  work=$(mktemp -d "$directory/$program.XXXXXX")
fi

discard_work() {
  rm -rf -- "$work"
}
