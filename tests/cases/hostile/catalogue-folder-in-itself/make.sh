ln -s .. catalogue/extensions/loop && ln -s . catalogue/overrides/loop && git add -A && git commit -qm x
