_: {
  versions."1.0.0" = finalAttrs: prevAttrs: {
    makeFlags = prevAttrs.makeFlags ++ [ "V=${finalAttrs.version}" ];
  };
  default = _: { };
}
