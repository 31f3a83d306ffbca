{ }:
finalAttrs: prevAttrs: {
  postPatch = prevAttrs.postPatch + "touch x";
  makeFlags = prevAttrs.makeflags;
  inherit (prevAttrs) buildInput;
  preBuild = finalAttrs.postPatch + finalAttrs.preInstall;
  patches = prevAttrs.patches or [ ];
}
