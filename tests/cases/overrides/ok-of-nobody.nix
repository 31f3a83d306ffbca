{ }:
old: {
  cargoPgrxFlags = [ "z" ];
}
