{ }:
old: {
  doCheck = true;
  env.A = "1";
  env = { B = "2"; A = "3"; };
  doCheck = false;
}
