{ }:
old: {
  postPatch = ''
    touch x
  '';
}
