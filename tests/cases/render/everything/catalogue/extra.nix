{ self, ... }:
{
  lib.answer = 42;
}
