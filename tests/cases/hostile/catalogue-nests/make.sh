python3 - <<"E"
open("catalogue/extensions/deep.toml","w").write('description = '+'['*100000+']'*100000+'\n'+'a'+'.a'*100000+' = 1\n')
E
git add -A && git commit -qm x
