# What the observers share.
{
  # What mkDerivation was handed, which is what `old` is.
  attributesOf =
    package:
    (package.overrideAttrs (old: {
      passthru = old.passthru or { } // {
        pgflakegenAttributes = old;
      };
    })).pgflakegenAttributes;

  # A function with one formal: how callPackage says what it has.
  asking = name: answer: {
    __functor = _: answer;
    __functionArgs.${name} = true;
  };
}
