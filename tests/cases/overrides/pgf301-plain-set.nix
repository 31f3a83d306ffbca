{
  doCheck = true;
}
