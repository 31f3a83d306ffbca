builtins.fromTOML "a = [1_000, 0xdead_beef, 0o7_7, 1_0.2_5e1_0]"
