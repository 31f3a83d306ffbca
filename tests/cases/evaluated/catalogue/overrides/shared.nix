# What several overrides import.
name: old: {
  makeFlags = old.makeFlags ++ [ "NAME=${throw "${name} has no flags of its own"}" ];
}
