mkdir -p .pgflakegen
printf '{"exchange": 7, "renames": "\033[2J::stop-commands::x' > .pgflakegen/journal.json
