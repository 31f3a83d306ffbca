# Stands for skopeo and a registry.
set -euo pipefail
digest=sha256:$(printf '%064d' 7)
case $1 in
  inspect)
    if [[ $BEHAVIOUR == refused ]]; then echo 'unauthorized: authentication required' >&2 && exit 1; fi
    case "$*" in
      *@sha256:*) echo "$digest" ;;
      *) if [[ $BEHAVIOUR == there ]]; then echo "$digest"; else echo 'manifest unknown' >&2 && exit 1; fi ;;
    esac
    ;;
  copy)
    printf 'skopeo %s\n' "$*" >>"$NOTES/asked"
    if [[ $BEHAVIOUR == refused ]]; then echo 'unauthorized: authentication required' >&2 && exit 1; fi
    echo "$digest" >"$4"
    ;;
esac
