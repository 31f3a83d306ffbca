{ }: {
  versions.a.b = old: { };
}
