# Stands for Nix: notes what it is asked, and fails as BEHAVIOUR says.
set -euo pipefail
printf 'nix %s\n' "$*" >>"$NOTES/asked"
last=${!#}
case "$1 ${2:-}" in
  'build '*)
    case $last in
      *'#pgflakegen') echo "$STATE/pgflakegen" ;;
      'nixpkgs#skopeo') echo "$STATE" ;;
      *)
        case $BEHAVIOUR in
          compile) case $last in *pgvector-0_7_3) echo 'error: builder failed with exit code 2' >&2 && exit 1 ;; esac ;;
          full) case $last in *pgvector-0_7_3) echo 'error: writing to file: No space left on device' >&2 && exit 1 ;; esac ;;
          network)
            if [[ ! -e $NOTES/failed ]]; then
              touch "$NOTES/failed"
              echo "error: unable to download 'https://cache.example'" >&2 && exit 1
            fi
            ;;
        esac
        echo /nix/store/11111111111111111111111111111111-built
        ;;
    esac
    ;;
  'path-info --closure-size') echo "$last 314572800" ;;
  'path-info --all')
    echo '{"/nix/store/11111111111111111111111111111111-built":{"ultimate":true},"/nix/store/22222222222222222222222222222222-fetched":{"ultimate":false},"/nix/store/33333333333333333333333333333333-x.drv":{"ultimate":true}}'
    ;;
  'copy '*)
    key=${3#*secret-key=}
    mode=$(stat -c %a "$key")
    [[ $mode == 600 ]] || { echo "the key is readable by others: $mode" >&2 && exit 1; }
    if [[ $BEHAVIOUR == expired ]]; then echo 'error: AWS: ExpiredToken' >&2 && exit 1; fi
    ;;
esac
