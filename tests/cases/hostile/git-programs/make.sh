printf '#!/bin/sh\ntouch "%s/outside/ran"\nexec cat\n' "$WORLD" > ../program && chmod +x ../program
for key in core.pager core.editor core.sshCommand core.askPass core.gitProxy credential.helper sequence.editor gpg.program uploadpack.packObjectsHook alias.log alias.rev-parse alias.ls-files; do git config $key "!$WORLD/program" || true; git config $key "$WORLD/program"; done
git config log.showSignature true
