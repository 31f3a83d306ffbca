# Stands for Nix: notes what it is asked, and fails as BEHAVIOUR says.
set -euo pipefail
printf 'nix %s\n' "$*" >>"$NOTES/asked"
last=${!#}
case "$1 ${2:-}" in
  'build '*)
    case $last in
      *'#pgflakegen') echo "$STATE/pgflakegen" ;;
      *'/docker')
        # An image as Docker has it; BEHAVIOUR changed: of other contents than before.
        case $last in *aarch64*) architecture=arm64 ;; *) architecture=amd64 ;; esac
        [[ $BEHAVIOUR != foreign ]] || architecture=riscv64
        case $last in *psql_16*) version=16.10 ;; *) version=17.6 ;; esac
        image=$(mktemp -d)
        printf '%s %s' "$BEHAVIOUR" "$architecture" >"$image/layer"
        jq --null-input --arg architecture "$architecture" --arg version "${VERSION:-$version}" \
          '{ $architecture, os: "linux", config: { Labels: { "org.opencontainers.image.version": $version } } }' >"$image/config"
        if [[ $BEHAVIOUR == changed ]]; then jq '.more = 1' "$image/config" >"$image/new" && mv "$image/new" "$image/config"; fi
        printf '[{"Config":"config","Layers":["layer"]}]' >"$image/manifest.json"
        tar -C "$image" -czf "$image.tar.gz" config layer manifest.json
        echo "$image.tar.gz"
        ;;
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
