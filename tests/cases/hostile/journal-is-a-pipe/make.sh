mkdir -p .pgflakegen
mkfifo .pgflakegen/journal.json
