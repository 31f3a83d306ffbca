mkdir -p .pgflakegen
mkdir .pgflakegen/new
echo '{"exchange":"../../outside","renames":[],"removals":[]}' > .pgflakegen/journal.json
