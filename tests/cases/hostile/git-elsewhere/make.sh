printf '#!/bin/sh\ntouch "%s/outside/ran"\nexec cat\n' "$WORLD" > ../program && chmod +x ../program
mv .git ../outside/dotgit && echo "gitdir: $WORLD/outside/dotgit" > .git && git config core.worktree "$WORLD/home"
