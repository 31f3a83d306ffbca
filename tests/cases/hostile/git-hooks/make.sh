printf '#!/bin/sh\ntouch "%s/outside/ran"\nexec cat\n' "$WORLD" > ../program && chmod +x ../program
for hook in post-checkout post-index-change reference-transaction pre-commit; do cp ../program .git/hooks/$hook; done
mkdir hooks && cp .git/hooks/post-index-change .git/hooks/post-checkout hooks/ && git config core.hooksPath hooks
