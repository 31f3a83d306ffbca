mkdir ../outside/state
echo '{"exchange":null,"renames":[],"removals":["catalogue"]}' > ../outside/state/journal.json
ln -s ../outside/state .pgflakegen
git add -f . && git commit -qm typo
