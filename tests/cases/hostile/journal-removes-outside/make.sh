mkdir -p .pgflakegen
echo '{"exchange":null,"renames":[],"removals":["../outside"]}' > .pgflakegen/journal.json
git add -f .pgflakegen && git commit -qm typo
