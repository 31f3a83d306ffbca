printf '#!/bin/sh\ntouch "%s/outside/ran"\nexec cat\n' "$WORLD" > ../program && chmod +x ../program
git config remote.origin.url "ext::$WORLD/program"; git config remote.origin.promisor true; git config extensions.partialClone origin; git config core.repositoryFormatVersion 1; git config protocol.ext.allow always
blob=$(git rev-parse HEAD:README.md); rm -f .git/objects/${blob%${blob#??}}/${blob#??}
