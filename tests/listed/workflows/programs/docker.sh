# Stands for docker's buildx and a registry.
set -euo pipefail
printf 'docker %s\n' "$*" >>"$NOTES/asked"
case "$3 $*" in
  inspect*--format*) echo "sha256:$(printf '%064d' 8)" ;;
  inspect*) [[ $BEHAVIOUR == there ]] || exit 1 ;;
esac
