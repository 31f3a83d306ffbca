{ }:
old: {
  postFixup = old.postFixup + "true";
}
