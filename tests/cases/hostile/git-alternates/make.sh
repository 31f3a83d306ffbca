printf '#!/bin/sh\ntouch "%s/outside/ran"\nexec cat\n' "$WORLD" > ../program && chmod +x ../program
git init -q ../outside/private && cp ../outside/secret.txt ../outside/private/key && git -C ../outside/private add -A && git -C ../outside/private commit -qm k
echo "$WORLD/outside/private/.git/objects" > .git/objects/info/alternates
