({ version }: version) { verison = 1; version = 2; }
