{ }:
old: {
  postPatch = ''
    touch x
  ;
  doCheck = true;
}
