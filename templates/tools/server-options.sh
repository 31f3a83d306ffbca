# shellcheck shell=bash
# The command line that start-server and start-replica share.

# Sets arguments (what is no option), datadir_given, daemonize, stop, port, and postgres_options (what
# comes after --).
parse_options() { # OPTION…
  arguments=() datadir_given='' daemonize='' stop='' port=''
  while (($# > 0)); do
    case $1 in
      --help | -h)
        usage
        exit
        ;;
      --datadir | --port)
        (($# > 1)) || die "$1 wants a value; see $program --help"
        if [[ $1 == --port ]]; then port=$2; else datadir_given=$2; fi
        shift
        ;;
      --datadir=*) datadir_given=${1#*=} ;;
      --port=*) port=${1#*=} ;;
      --daemonize) daemonize=1 ;;
      --stop) stop=1 ;;
      --)
        shift
        break
        ;;
      -*) die "there is no option $1; see $program --help. Options for postgres come after --" ;;
      *) arguments+=("$1") ;;
    esac
    shift
  done
  postgres_options=("$@")
}
