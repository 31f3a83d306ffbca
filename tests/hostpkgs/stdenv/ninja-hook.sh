# shellcheck shell=bash
# ninja's set-up hook.
ninjaBuildPhase() {
  runHook preBuild
  local flags=("-j${NIX_BUILD_CORES:-1}")
  concatTo flags ninjaFlags ninjaFlagsArray
  ninja "${flags[@]}"
  runHook postBuild
}
if ! _has dontUseNinjaBuild && [ -z "${buildPhase:-}" ]; then
  buildPhase=ninjaBuildPhase
fi
