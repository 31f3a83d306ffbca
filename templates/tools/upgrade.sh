# shellcheck shell=bash disable=SC2034,SC2154
# Upgrades a data directory to another PostgreSQL, and back.

readonly methods="link, swap, clone, pg_upgrade, pg_dumpall"

usage() {
  cat <<EOF
Upgrades the data directory of a stopped server to PostgreSQL NEW. The new cluster is made beside it and compared with the old
one, as migration-test does; when nothing differs it takes the old one's place. The old one is kept, untouched, as a way back.

usage: $program [OLD] NEW [METHOD] --datadir DIR [--user NAME] [--check] [--report FILE]… [--keep]
       $program --status DIR
       $program --back DIR
       $program --forget DIR

  OLD, NEW       one of: $names; or the store path of any earlier build. OLD is found by
                 DIR's major, if the catalogue has one PostgreSQL of it
  METHOD         one of: $methods  (default: link)
                 All but the last are pg_upgrade's, and work on a copy of DIR: link (and swap, NEW 18 or later)
                 makes the copy's files the new cluster's; clone and pg_upgrade copy them once more
  --datadir DIR  the data directory; of pg's servers: .pg/NAME
  --user NAME    its superuser  (default: $superuser)
  --check        only say what would stop the method, and what it does not carry as it is
  --report FILE  write the report to FILE as well: as JSON, or as HTML when it ends in .html
  --keep         when the upgrade fails or something differs: keep what was made, in DIR.upgrade

  --status DIR   what is there: whether it was upgraded, from what, and whether there is a way back
  --back DIR     the old cluster is there again, as it was; to it comes nothing that was written to the new one, which
                 is kept as DIR.after-upgrade if anything was
  --forget DIR   remove the way back (DIR.before-upgrade), or what --back has put aside

An upgrade that was killed has changed nothing, or wants one rename more: begun anew it comes to its end, and --back
undoes it. Exits with 0 when DIR is upgraded, 1 when something differs (DIR stays as it is), when --check finds what stops
the method, or when --status finds something half done; 2 after an error, which leaves DIR as it is.
EOF
}

arguments=() keep='' only_check='' reports=() data='' action=upgrade given=''
set_action() { # ACTION DIR
  if [[ $action != upgrade || -n $given ]]; then
    die "give one of --datadir, --status, --back and --forget; see $program --help"
  fi
  action=$1 given=$2
  if [[ -z $given ]]; then
    die "the name of the data directory is empty; was a variable not set?"
  fi
}
while (($# > 0)); do
  case $1 in
    --help | -h)
      usage
      exit
      ;;
    --keep) keep=1 ;;
    --check) only_check=1 ;;
    --datadir | --status | --back | --forget | --user | --report)
      (($# > 1)) || die "$1 wants a word"
      case $1 in
        --datadir) set_action upgrade "$2" ;;
        --user) superuser=$2 ;;
        --report) reports+=("$2") ;;
        *) set_action "${1#--}" "$2" ;;
      esac
      shift
      ;;
    --datadir=*) set_action upgrade "${1#*=}" ;;
    --status=* | --back=* | --forget=*)
      option=${1%%=*}
      set_action "${option#--}" "${1#*=}"
      ;;
    --user=*) superuser=${1#*=} ;;
    --report=*) reports+=("${1#*=}") ;;
    '') die "an argument is empty; was a variable not set? See $program --help" ;;
    -*) die "there is no option $1; see $program --help" ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
if [[ -z $given ]]; then
  die "say which data directory: --datadir DIR; see $program --help"
fi
find_places "$given"
if [[ $action != upgrade && (${#arguments[@]} -gt 0 || -n $keep$only_check || ${#reports[@]} -gt 0) ]]; then
  die "--$action wants a data directory and nothing else; see $program --help"
fi
case $action in
  status)
    show_status
    exit
    ;;
  back | forget)
    refuse_root
    trap 'exit 2' HUP INT QUIT TERM
    if [[ $action == back ]]; then go_back; else forget; fi
    exit
    ;;
  *) ;;
esac

# The last word is the method, when it is one.
method="link"
if ((${#arguments[@]} > 1)) && [[ ", $methods, logical, " == *", ${arguments[-1]}, "* ]]; then
  method=${arguments[-1]}
  unset 'arguments[-1]'
fi
if [[ $method == logical ]]; then
  die "logical is for a server that goes on while its changes are copied, and here it is stopped: take link"
fi
if ((${#arguments[@]} < 1 || ${#arguments[@]} > 2)); then
  die "give NEW, or OLD and NEW, of $names; METHOD, if any, is one of $methods"
fi
choose_way
check_reports
refuse_root
set_locale

# Sets old_wanted to the catalogue's one PostgreSQL of the data directory's major.
find_old_name() {
  local there of_major=()
  there=$(query '.postgresqls | to_entries[] | select(.value.major | tostring == $version) | .key' --arg version "$version")
  read -r -a of_major <<<"${there//$'\n'/ }"
  if ((${#of_major[@]} != 1)); then
    die "$datadir is of PostgreSQL $version, of which the catalogue has ${of_major[*]:-none}: give OLD and NEW. OLD can be the
  store path of an earlier build"
  fi
  old_wanted=${of_major[0]}
}

# Ends when the data directory is of NEW's major.
say_if_done() { # NAME
  local wanted
  if is_name "$1"; then
    wanted=$(query '.postgresqls[$name].major' --arg name "$1")
    if [[ $wanted == "$version" ]]; then
      show_status
      note "it is of PostgreSQL $version, as $1 is: nothing is left to do"
      exit
    fi
  fi
}

find_stage
if [[ $stage == nothing ]]; then
  die "there is no data directory $datadir"
elif [[ -d $datadir && (! -s $datadir/PG_VERSION || ! -d $datadir/global) ]]; then
  die "$datadir is no data directory of PostgreSQL"
elif [[ -d $datadir && ! -O $datadir ]]; then
  die "$datadir belongs to another user; PostgreSQL runs only on a data directory of your own"
elif [[ -d $datadir ]]; then
  refuse_running
fi
lock_place
find_stage
if [[ -n $only_check && $stage == 'the old one'* ]]; then
  show_unfinished ''
  exit 1
fi
settle forth
if [[ -e $datadir/$unfinished_file ]]; then
  die "$datadir is half made: the start that made it was killed. There is nothing to upgrade"
fi
version=$(<"$datadir/PG_VERSION")
make_printable version
if ((${#arguments[@]} == 2)); then
  old_wanted=${arguments[0]}
else
  say_if_done "${arguments[0]}"
  find_old_name
fi
select_both "$old_wanted" "${arguments[-1]}"
if ((old_major == new_major)); then
  die "OLD and NEW are both of major $new_major, which read the same data: start the new one on it"
fi
say_if_done "$new_name"
for in_the_way in "$way_back" "$aside"; do
  if [[ -e $in_the_way ]]; then
    show_status >&2
    die "$in_the_way is there, from an earlier upgrade. When nobody wants it any more: upgrade --forget $shown"
  fi
done
if [[ -e $datadir/standby.signal || -e $datadir/recovery.signal ]]; then
  die "$datadir is a replica's, or one that recovers: upgrade its primary, and make the replica anew"
fi
if is_mounted "$datadir"; then
  die "$datadir is the root of a filesystem, and cannot be renamed. Move its content to a folder in it, and upgrade that"
fi
if [[ ! -w ${datadir%/*}/ ]]; then
  die "nothing can be written to ${datadir%/*}/, where the new cluster is made beside $datadir"
fi
otherwise_running=''
otherwise_dump="Upgrade it by hand, or try a dump with migration-test"
data=$datadir source_kind=cluster
check_cluster
make_work

# What was made, unless it is kept; never before the data directory is in its place.
discard_work() {
  if [[ -d $datadir ]]; then
    remove_work
  fi
}
