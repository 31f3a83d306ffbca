# shellcheck shell=bash
# meson's set-up hook: configures in ./build and installs from there, as nixpkgs' does.
mesonConfigurePhase() {
  runHook preConfigure
  # shellcheck disable=SC2154
  local flags=("--prefix=$prefix" "--libdir=$prefix/lib" "--buildtype=${mesonBuildType:-plain}")
  flags+=("-Dauto_features=${mesonAutoFeatures:-enabled}" "--wrap-mode=${mesonWrapMode:-nodownload}")
  concatTo flags mesonFlags mesonFlagsArray
  meson setup "${mesonBuildDir:=build}" "${flags[@]}"
  cd "$mesonBuildDir"
  runHook postConfigure
}
mesonInstallPhase() {
  runHook preInstall
  local flags=()
  concatTo flags mesonInstallFlags mesonInstallFlagsArray
  meson install --no-rebuild "${flags[@]}"
  runHook postInstall
}
if ! _has dontUseMesonConfigure && [ -z "${configurePhase:-}" ]; then
  configurePhase=mesonConfigurePhase
fi
if ! _has dontUseMesonInstall && [ -z "${installPhase:-}" ]; then
  installPhase=mesonInstallPhase
fi
