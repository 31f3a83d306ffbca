# Meson, run by Ninja.
{
  buildExtension,
  meson,
  ninja,
}:

buildExtension {
  adjust = attrs: {
    nativeBuildInputs = [
      meson
      ninja
    ]
    ++ attrs.nativeBuildInputs or [ ];

    # As make's DESTDIR: nixpkgs' builder takes from there what went to pg_config's folders.
    mesonInstallFlags = [ "--destdir=${placeholder "out"}" ] ++ attrs.mesonInstallFlags or [ ];
  };
}
