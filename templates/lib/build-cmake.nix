# CMake.
{ buildExtension, cmake }:

buildExtension {
  adjust = attrs: {
    nativeBuildInputs = [ cmake ] ++ attrs.nativeBuildInputs or [ ];
  };
}
