{ }: old: { name = "example-${old.version}"; }
