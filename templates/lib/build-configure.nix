# `./configure`, then make.
{ buildExtension }:

buildExtension {
  # Without this, configure scripts take the prefix of the extension for PostgreSQL's.
  adjust = attrs: {
    dontDisableStatic = attrs.dontDisableStatic or true;
  };
}
