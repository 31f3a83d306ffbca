{ lib }:
{
  doCheck = lib.x;
}
