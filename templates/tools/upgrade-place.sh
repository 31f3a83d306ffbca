# shellcheck shell=bash disable=SC2034,SC2154
# What an upgrade has beside the data directory DIR, and the renames by which one cluster takes the other's place:
#
#   DIR.upgrade         what is being made: `old`, a copy of DIR, and `new`. There while an upgrade is at work, or was
#                       killed; nothing of it counts before `new` takes DIR's place
#   DIR.before-upgrade  the way back: what DIR was
#   DIR.after-upgrade   what --back has put aside, when something was written to it since the upgrade
#
# In DIR.upgrade and in the new cluster is a record, by whose `id` the new one is known. Between two renames DIR is not
# there: start-server makes nothing in its place then, and whoever comes next ends one way or the other.

readonly record=pgflakegen.upgraded

# Sets datadir to the data directory itself, wherever a link to it is, and work, way_back, aside to what is beside it.
find_places() { # DIR
  [[ -n $1 ]] || die "the name of the data directory is empty; was a variable not set?"
  datadir=$(realpath -m -- "$1")
  if [[ $datadir == *[$'\n\r']* ]]; then
    die "pg_upgrade takes no data directory with a line break in its path"
  fi
  work=$datadir.upgrade way_back=$datadir.before-upgrade aside=$datadir.after-upgrade
  shown=$(quote_for_sh "$datadir")
  shown=${shown% }
}

# Sets word to one of the record of a cluster, or of DIR.upgrade; to nothing when there is none.
recorded() { # DIRECTORY KEY
  word=$(jq --raw-output --arg key "$2" '.[$key] // "" | tostring | gsub("[[:cntrl:]]"; "?")' "$1/$record" 2>/dev/null) || word=''
}

# Whether it is the cluster that DIR.upgrade was about, made to its end.
is_the_new() { # DIRECTORY
  local id
  recorded "$work" id
  id=$word
  recorded "$1" id
  [[ -n $id && $id == "$word" ]]
}

# What changes when anything is written to the cluster.
control_of() { # DIRECTORY
  local sum
  sum=$(sha256sum <"$1/global/pg_control") || return 1
  printf '%s' "${sum%% *}"
}

# Sets stage to how far an upgrade of the data directory has come.
find_stage() {
  local left
  if [[ -e $work || -L $work ]]; then
    left=$(ls -A -- "$work" 2>/dev/null) || left=unreadable
    if [[ -L $work || ($EUID != 0 && ! -O $work) || (-n $left && ! -f $work/$record) ]]; then
      die "$work is in the way, and was made by no upgrade. Nothing was changed; move it away"
    fi
  fi
  if [[ -d $datadir ]]; then
    if [[ ! -e $work ]]; then
      stage=settled
    elif is_the_new "$datadir"; then
      stage='the new one is in its place'
    else
      stage=begun
    fi
  elif [[ ! -e $way_back/PG_VERSION ]]; then
    stage=nothing
  elif is_the_new "$work/new"; then
    stage='the old one is out of its place'
  else
    stage='the old one is on its way back'
  fi
}

# Whether the upgrade that has made DIR.upgrade goes on; sets word to its process.
is_at_work() {
  local identity
  recorded "$work" process
  [[ -n $word ]] && identity=$(process_identity "${word%% *}") && [[ $identity == "$word" ]]
}

# Ends servers that a killed upgrade has left running.
end_left() {
  local file pid waited
  if is_at_work; then
    die "an upgrade of $datadir is at work at this moment (process ${word%% *})"
  fi
  for file in "$work"/*/postmaster.pid; do
    if { read -r pid <"$file"; } 2>/dev/null && is_at_work_in "$pid" "${file%/*}"; then
      kill -QUIT "$pid" 2>/dev/null || true
      for ((waited = 0; waited < 100; waited++)); do
        is_at_work_in "$pid" "${file%/*}" || break
        sleep 0.1
      done
    fi
  done
}

is_at_work_in() { # PID DIRECTORY
  local command
  if [[ ! $1 =~ ^[1-9][0-9]*$ ]]; then return 1; fi
  if [[ -d /proc/self ]]; then
    [[ /proc/$1/cwd -ef $2 ]]
  else
    command=$(ps -o command= -p "$1" 2>/dev/null) && [[ $command == *"$2"* ]]
  fi
}

# Nobody else starts or upgrades it while we hold this. After a kill, what the killed one has begun may need a moment.
lock_place() {
  local where=$datadir how=(--nonblock)
  if [[ ! -d $datadir ]]; then where=$way_back; fi
  if [[ -e $work ]]; then
    end_left
    how=(--timeout 60)
  fi
  datadir=$where lock_datadir "${how[@]}"
}

# Moves a directory to a name that is free, for good: a power cut does not bring it back.
move() { # FROM TO
  if [[ -e $2 || -L $2 ]]; then
    die "$2 is there already"
  fi
  mv --no-target-directory -- "$1" "$2"
  sync -- "${2%/*}/"
}

make_work() {
  local now process
  now=$(date +%s)
  process=$(process_identity "$$") || process=''
  mkdir -m 700 -- "$work" || die "there can be no $work, where the new cluster is made: let ${datadir%/*} be writable"
  jq --null-input --arg id "$now.$$.$RANDOM" --arg process "$process" '$ARGS.named' >"$work/$record"
}

# By the record it is known as ours: it goes last.
remove_work() {
  if [[ -d $work ]]; then
    find "$work" -mindepth 1 -maxdepth 1 ! -name "$record" -exec rm -rf -- {} +
    rm -f -- "$work/$record"
    rmdir -- "$work"
  fi
}

# Not from within: who interrupts this gets an end of it a moment later.
ignore_signals() {
  trap '' HUP INT QUIT TERM
}

# Brings a killed upgrade to an end: forth, where nothing but a rename is missing and nobody has written to the old cluster
# since, or back.
settle() { # forth|back
  local control
  ignore_signals
  case $stage in
    settled) ;;
    begun) note "an upgrade, or a way back, has not come to its end: what it had begun to make is removed" ;;
    'the new one is in its place') note "an upgrade was killed when all but clearing up was done" ;;
    'the old one is out of its place' | 'the old one is on its way back')
      control=$(control_of "$way_back") || die "$way_back has no pg_control"
      recorded "$work/new" old-control
      if [[ $stage == *'out of its place' && $1 == forth && $control == "$word" ]]; then
        note "an upgrade was killed while the new cluster took its place: it takes it now"
        move "$work/new" "$datadir"
      else
        note "the old cluster is back in its place, which it had left for an upgrade that was killed"
        move "$way_back" "$datadir"
      fi
      ;;
    *) die "there is no data directory $datadir" ;;
  esac
  remove_work
  trap 'exit 2' HUP INT QUIT TERM
  find_stage
}

# Whether somebody is at work on the cluster, or has been since.
was_touched() { # DIRECTORY CONTROL
  local control
  control=$(control_of "$1") && [[ $control == "$2" ]] || return 0
  runs_on "$1"
}

# The new cluster takes the old one's place.
swap() {
  local control
  ignore_signals
  recorded "$work/new" old-control
  control=$word
  if was_touched "$datadir" "$control"; then
    die "somebody has started a server on $datadir while it was upgraded, and its changes are not in the new cluster. Begin anew"
  fi
  move "$datadir" "$way_back"
  # One that was started in between runs on in the old one, under its new name.
  if was_touched "$way_back" "$control" || ! move "$work/new" "$datadir"; then
    move "$way_back" "$datadir"
    die "the new cluster could not take its place; $datadir is as it was"
  fi
  remove_work
}

# What to type, when a server runs on the data directory.
refuse_running() {
  local process
  find_base
  if serves_datadir; then
    die "a server of yours runs on $datadir. Nothing was changed; stop it first: nix run .#start-server -- --stop $port"
  fi
  if runs_on "$datadir"; then
    read -r process <"$datadir/postmaster.pid"
    die "a server (process $process) runs on $datadir. Nothing was changed; stop it first, as it was started, or with pg_ctl stop --pgdata=$shown"
  fi
}

# Whether it is the root of a filesystem, which cannot be renamed.
is_mounted() { # DIRECTORY
  local fields mounted devices
  if [[ -r /proc/self/mountinfo ]]; then
    while read -r -a fields; do
      printf -v mounted '%b' "${fields[4]}"
      if [[ $mounted == "$1" ]]; then return; fi
    done </proc/self/mountinfo
    return 1
  fi
  devices=$(stat --format=%d -- "$1" "$1/.." | uniq | wc -l)
  ((devices > 1))
}

# Sets size.
measure() { # DIRECTORY
  size=$(du --summarize --block-size=1M -- "$1" | cut -f1) || size='?'
  size+=" MiB"
}

# What is there; ends with 1 in the middle of something.
show_status() {
  local from version=''
  find_stage
  if [[ $stage == nothing ]]; then
    die "there is no data directory $datadir"
  fi
  if [[ -s $datadir/PG_VERSION ]]; then
    version=$(<"$datadir/PG_VERSION")
    make_printable version
  elif [[ -d $datadir ]]; then
    die "$datadir is no data directory of PostgreSQL"
  fi
  if [[ $stage != settled ]]; then
    show_unfinished "$version"
    exit 1
  fi
  recorded "$datadir" from
  from=$word
  if [[ -n $from ]]; then
    jq --raw-output --arg datadir "$datadir" --arg version "$version" '
      "\($datadir): PostgreSQL \($version), upgraded from \(.from) to \(.to) by \(.method) on \(.when)"' "$datadir/$record" | printable_lines
  else
    printf '%s: PostgreSQL %s, not upgraded\n' "$datadir" "$version"
  fi
  if [[ -n $from && -e $way_back/PG_VERSION ]]; then
    measure "$way_back"
    printf '  way back  %s, %s: upgrade --back or --forget %s\n' "$way_back" "$size" "$shown"
  elif [[ -n $from ]]; then
    printf '  way back  none is kept\n'
  fi
  if [[ -e $aside ]]; then
    measure "$aside"
    printf '  aside     %s, %s, what --back has taken from its place: upgrade --forget %s\n' "$aside" "$size" "$shown"
  fi
}

show_unfinished() { # VERSION
  if is_at_work; then
    printf '%s: an upgrade is at work at this moment (process %s)\n' "$datadir" "${word%% *}"
    return
  fi
  case $stage in
    begun)
      measure "$work"
      printf '%s: PostgreSQL %s, as it was; an upgrade was not done, and has left %s, %s. The next one removes that; or upgrade --back %s\n' \
        "$datadir" "$1" "$work" "$size" "$shown"
      ;;
    'the new one is in its place')
      printf '%s: PostgreSQL %s, upgraded; clearing up was interrupted: begin the upgrade anew, or upgrade --back %s\n' "$datadir" "$1" "$shown"
      ;;
    'the old one is out of its place')
      printf '%s: in the middle of an upgrade: the old cluster is %s, the new one %s. Begin the upgrade anew, or upgrade --back %s\n' \
        "$datadir" "$way_back" "$work/new" "$shown"
      ;;
    *)
      printf '%s: in the middle of its way back: the old cluster is %s. It goes on: upgrade --back %s\n' "$datadir" "$way_back" "$shown"
      ;;
  esac
}

# The old cluster is there again.
go_back() {
  local from major_before
  find_stage
  if [[ $stage == nothing ]]; then
    die "there is no data directory $datadir"
  fi
  if [[ -d $datadir ]]; then refuse_running; fi
  lock_place
  find_stage
  case $stage in
    begun | 'the old one is'*)
      settle back
      note "$datadir is as it was"
      return
      ;;
    'the new one'*) settle forth ;;
    *) ;;
  esac
  recorded "$datadir" from-major
  from=$word
  if [[ -z $from ]]; then
    die "$datadir has not been upgraded. Nothing was changed"
  fi
  if ! { read -r major_before <"$way_back/PG_VERSION"; } 2>/dev/null || [[ $major_before != "$from" ]]; then
    die "no way back is kept for $datadir: there is no cluster of PostgreSQL $from in $way_back. Nothing was changed"
  fi
  if runs_on "$way_back"; then
    die "a server runs on $way_back. Nothing was changed; stop it first"
  fi
  if [[ -e $aside ]]; then
    die "$aside is in the way. Nothing was changed; move it away"
  fi
  ignore_signals
  recorded "$datadir" new-control
  if was_touched "$datadir" "$word"; then
    move "$datadir" "$aside"
    move "$way_back" "$datadir"
    note "$datadir is as it was, of PostgreSQL $from. What has been written since the upgrade is not in it: the new cluster is
  $aside until: upgrade --forget $shown"
  else
    make_work
    move "$datadir" "$work/undone"
    move "$way_back" "$datadir"
    remove_work
    note "$datadir is as it was, of PostgreSQL $from; nobody had written to the new cluster, which is gone"
  fi
}

# The way back goes, and what --back has put aside.
forget() {
  local each gone=''
  find_stage
  if [[ ! -d $datadir ]]; then
    if [[ $stage == nothing ]]; then die "there is no data directory $datadir"; fi
    die "$datadir is in the middle of an upgrade, and nothing can be forgotten: begin it anew, or upgrade --back $shown"
  fi
  if [[ -e $work ]]; then
    lock_place
    find_stage
    settle forth
  fi
  recorded "$datadir" from
  if [[ -e $way_back && -z $word ]]; then
    die "$datadir has not been upgraded, and $way_back is not its. Nothing was removed"
  fi
  for each in "$way_back" "$aside"; do
    if [[ ! -e $each/PG_VERSION ]]; then continue; fi
    if runs_on "$each"; then
      die "a server runs on $each. Stop it first"
    fi
    # Whatever comes in between, there is no half of it under its name.
    make_work
    move "$each" "$work/gone"
    remove_work
    note "$each is gone"
    gone=1
  done
  if [[ -z $gone ]]; then
    note "nothing is kept beside $datadir"
  fi
}
