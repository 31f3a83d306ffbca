{ }: old: "x"
