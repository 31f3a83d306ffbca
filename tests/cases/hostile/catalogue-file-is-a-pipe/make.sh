mkfifo catalogue/extensions/pipe.toml
