python3 - <<"E"
open("catalogue/extensions/many.toml","w").write(''.join(f'key-{n} = {n}\n' for n in range(5000)))
E
git add -A && git commit -qm x
