python3 - <<"E"
p="catalogue/extensions/pgvector.toml"
t=open(p).read()
t=t.replace('description = "Vector similarity search"','description = "x\\u001b]0;t\\u0007\\u202e\\u2028\\u009b\\n::error::y"')
t=t.replace('license = "postgresql"','license = "\\u001b[2J::stop-commands::x"')
t+='broken = "because\\n::add-mask::x\\u001b[31m"\nchangelog = "https://x/\\u001b[0m"\n"\\u001b[1m\\n::error::" = 1\n'
open(p,"w").write(t)
E
git commit -qam x
