# shellcheck shell=bash disable=SC2034
# The command line that start-server and start-replica share.

option_value() { # OPTION VALUE
  [[ -n $2 ]] || die "the value of $1 is empty; was a variable not set? See $program --help"
}

# Sets arguments (what is no option), promote, synchronous, datadir_given, daemonize, stop, trust, port_given, extension_versions, and
# postgres_options (what comes after --).
parse_options() { # OPTION…
  arguments=() promote='' synchronous='' datadir_given='' daemonize='' stop='' trust='' port_given='' extension_versions=()
  while (($# > 0)); do
    case $1 in
      --extension-version | --extension-version=*)
        if [[ $1 == *=* ]]; then
          extension_versions+=("${1#*=}")
        else
          (($# > 1)) || die "$1 wants a value; see $program --help"
          shift
          extension_versions+=("$1")
        fi
        option_value --extension-version "${extension_versions[-1]}"
        ;;
      --help | -h)
        usage
        exit
        ;;
      --datadir | --port)
        (($# > 1)) || die "$1 wants a value; see $program --help"
        option_value "$1" "$2"
        if [[ $1 == --port ]]; then port_given=$2; else datadir_given=$2; fi
        shift
        ;;
      --datadir=*)
        datadir_given=${1#*=}
        option_value --datadir "$datadir_given"
        ;;
      --port=*)
        port_given=${1#*=}
        option_value --port "$port_given"
        ;;
      --promote | --synchronous)
        [[ $program == start-replica ]] || die "$1 is for start-replica"
        # shellcheck disable=SC2034
        if [[ $1 == --promote ]]; then promote=1; else synchronous=1; fi
        ;;
      --daemonize) daemonize=1 ;;
      --stop) stop=1 ;;
      --trust) trust=1 ;;
      --)
        shift
        break
        ;;
      -*) die "there is no option $1; see $program --help. Options for postgres come after --" ;;
      '') die "an argument is empty; was a variable not set? See $program --help" ;;
      *) arguments+=("$1") ;;
    esac
    shift
  done
  postgres_options=("$@")
  check_postgres_options "$@"
}

# Port and socket are what a server is found by.
check_postgres_options() { # OPTION…
  local option word before=''
  for option; do
    word=$before$option
    # Names of settings are the same in capitals, options of one letter are not.
    if [[ $word == -c* || $word == --* ]]; then word=${word,,}; fi
    case $word in
      -p* | --port=* | -cport=*) die "the port for postgres is the PORT of $program; see $program --help" ;;
      -k* | -D* | --unix[_-]socket[_-]directories=* | --data[_-]directory=* | -cunix_socket_directories=* | -cdata_directory=*)
        die "$option is not for postgres here: sockets and data are where $program looks for them; see $program --help"
        ;;
      *) ;;
    esac
    before=''
    if [[ $option == -c ]]; then before=$option; fi
  done
}

# Sets wanted and port to what is meant by the words after --stop or --promote: [NAME] [PORT].
which_server() {
  wanted=''
  if ((${#arguments[@]} > 2)); then
    die "too many arguments: ${arguments[*]}; see $program --help"
  fi
  if ((${#arguments[@]} == 2)); then
    wanted=${arguments[0]} port=${arguments[1]}
  elif ((${#arguments[@]} == 1)) && is_name "${arguments[0]}"; then
    wanted=${arguments[0]} port=''
  else
    port=${arguments[0]:-}
  fi
  if [[ -n $port && -n $port_given && $port != "$port_given" ]]; then
    die "which one? Both port $port and --port $port_given are given"
  fi
  set_port "${port:-${port_given:-$default_port}}"
  if [[ -n $wanted ]] && ! is_name "$wanted"; then
    die "the catalogue has no PostgreSQL '$wanted'. There are: $names"
  fi
}

stop_what() {
  local wanted
  which_server
  stop_server "$port" "$wanted"
}
