{ }: {
  versions = {
    "1.0.0" = { doCheck = true; };
  };
}
