truncate -s 3G catalogue/extensions/huge.toml
