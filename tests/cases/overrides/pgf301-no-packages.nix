old: {
  doCheck = old.x;
}
