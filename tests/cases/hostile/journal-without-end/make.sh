mkdir -p .pgflakegen
ln -s /dev/zero .pgflakegen/journal.json
