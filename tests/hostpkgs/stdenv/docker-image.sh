# shellcheck shell=bash disable=SC2154
# Writes the image archive to $out: layers of store paths, one layer of links and extra files, the
# configuration and the manifest. Times, owners and order are fixed, so two builds are the same bytes.
mkdir image root
layerTar() { tar --create --sort=name --mtime=@1 --numeric-owner --hard-dereference --file "$1" "${@:2}"; }
layers=()
diffIds=()
addLayer() { # FILE: becomes a layer named by its hash
  local hash
  hash=$(sha256sum "$1" | cut -d' ' -f1)
  mkdir -p "image/$hash"
  mv "$1" "image/$hash/layer.tar"
  layers+=("\"$hash/layer.tar\"")
  diffIds+=("\"sha256:$hash\"")
}

if [ -n "$includeStorePaths" ]; then
  mapfile -t paths < <(cat config-closure closure-* 2>/dev/null | grep "^$NIX_STORE/" | sort -u)
  # All but the last layer hold one path; two layers are kept for the rest and for the files below.
  own=$((maxLayers - 2))
  for path in "${paths[@]:0:own}"; do
    layerTar layer.tar --owner=0 --group=0 --directory=/ "${path#/}"
    addLayer layer.tar
  done
  if [ "${#paths[@]}" -gt "$own" ]; then
    layerTar layer.tar --owner=0 --group=0 --directory=/ "${paths[@]:own}" --absolute-names --transform='s|^/||'
    addLayer layer.tar
  fi
fi

# The contents' files at the root of the image, as links into the store.
# shellcheck disable=SC2086
printf '%s 5\n' $roots | grep '^/' >trees || true
perl "$linkTree" trees root 1 /
export here=$PWD
(cd root && eval "$extraCommands")
{
  declare -f layerTar
  # shellcheck disable=SC2016
  printf 'set -e\ncd "$here/root"\n%s\n' "$fakeRootCommands"
  # shellcheck disable=SC2016
  echo 'layerTar "$here/layer.tar" .'
} >fake-root.sh
if [ -z "$fakeRootCommands" ]; then
  layerTar layer.tar --owner=0 --group=0 --directory=root .
elif command -v fakeroot >/dev/null; then
  (cd root && chmod -R u+w . && fakeroot "$SHELL" "$here/fake-root.sh")
else
  echo "error: fakeroot is not on this machine: apt-get install fakeroot" >&2
  exit 1
fi
addLayer layer.tar

join() { local IFS=,; echo "$*"; }
printf '{"architecture":"%s","config":%s,"created":"%s","history":[%s],"os":"linux","rootfs":{"diff_ids":[%s],"type":"layers"}}' \
  "$architecture" "$(cat "$imageConfig")" "$created" \
  "$(join "${diffIds[@]/*/{\"created\":\"$created\"\}}")" "$(join "${diffIds[@]}")" >config.json
configHash=$(sha256sum config.json | cut -d' ' -f1)
mv config.json "image/$configHash.json"
printf '[{"Config":"%s.json","Layers":[%s],"RepoTags":["%s:%s"]}]' \
  "$configHash" "$(join "${layers[@]}")" "$imageName" "$imageTag" >image/manifest.json
tar --create --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner --directory=image . | $compress >"$out"
