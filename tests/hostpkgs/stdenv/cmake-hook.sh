# shellcheck shell=bash
# cmake's set-up hook: configures in ./build, as nixpkgs' does.
cmakeConfigurePhase() {
  runHook preConfigure
  # shellcheck disable=SC2154
  local flags=("-DCMAKE_INSTALL_PREFIX=$prefix" "-DCMAKE_BUILD_TYPE=${cmakeBuildType:-Release}")
  concatTo flags cmakeFlags cmakeFlagsArray
  if ! _has dontUseCmakeBuildDir; then
    mkdir -p "${cmakeBuildDir:-build}"
    cd "${cmakeBuildDir:-build}"
    : "${cmakeDir:=..}"
  fi
  cmake "${cmakeDir:-.}" "${flags[@]}"
  runHook postConfigure
}
if ! _has dontUseCmakeConfigure && [ -z "${configurePhase:-}" ]; then
  configurePhase=cmakeConfigurePhase
fi
