{ }:
old: {
  doCheck = "${if old.version == "1.0" then "true" else "false"}";
}
