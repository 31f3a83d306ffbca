mkdir -p .pgflakegen

printf '#!/bin/sh\ntouch "%s/outside/ran"\n' "$WORLD" > .pgflakegen/file-0
chmod +x .pgflakegen/file-0
echo '{"exchange":null,"renames":[["file-0",".git/hooks/post-checkout"]],"removals":[]}' > .pgflakegen/journal.json
git add -f .pgflakegen && git commit -qm typo
