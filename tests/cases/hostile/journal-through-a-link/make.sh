mkdir -p .pgflakegen
ln -s ../outside docs
echo pwned > .pgflakegen/file-0
echo '{"exchange":null,"renames":[["file-0","docs/precious"]],"removals":["docs/folder"]}' > .pgflakegen/journal.json
git add -f . && git commit -qm typo
