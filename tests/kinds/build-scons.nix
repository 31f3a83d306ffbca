# SCons.
{ buildExtension, scons }:

buildExtension {
  adjust = attrs: {
    nativeBuildInputs = [ scons ] ++ attrs.nativeBuildInputs or [ ];
  };
}
