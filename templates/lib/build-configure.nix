# `./configure`, then make.
{ buildExtension }:

buildExtension {
  defaults = {
    # Where files go is for pg_config to say, not for stdenv's flags.
    setOutputFlags = false;
    dontDisableStatic = true;
  };
}
