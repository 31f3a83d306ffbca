_finalAttrs: prevAttrs: {
  makeFlags = prevAttrs.makeFlags ++ [ "A=1" ];
}
