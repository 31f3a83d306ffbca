// The pages that the tests look at, made by the program from catalogues of all sorts.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes them below a folder; gives each page's path. */
export function makePages({ program, root, work }) {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const explorer = (name, folder, ...args) => {
    const page = join(work, `${name}.html`);
    execFileSync(program, ['explorer', '--quiet', '--root', folder, '-o', page, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
    return page;
  };
  const own = (name) => {
    const folder = join(work, name);
    cpSync(join(root, 'catalogue'), join(folder, 'catalogue'), { recursive: true });
    return folder;
  };
  return {
    plain: explorer('plain', own('plain'), '--no-history'),
    history: explorer('history', withHistory(own('history'))),
    hostile: explorer('hostile', withHostileText(own('hostile')), '--facts', hostileFacts(work)),
    beside: explorer('beside', sideBySide(own('beside')), '--no-history'),
    large: explorer('large', large(join(work, 'large'), 2000), '--no-history'),
  };
}

function edit(path, ...pairs) {
  let text = readFileSync(path, 'utf8');
  for (const [from, to] of pairs) {
    if (!text.includes(from)) throw new Error(`${path} lacks ${from}`);
    text = text.replace(from, to);
  }
  writeFileSync(path, text);
}

/** Several versions of extensions in one server, one of them preloaded. */
function sideBySide(folder) {
  for (const name of ['pgvector', 'pg_cron', 'pg_hashids']) edit(join(folder, `catalogue/extensions/${name}.toml`), ['kind = ', 'side-by-side = true\nkind = ']);
  return folder;
}

/** Two tags: since the first pgvector moved, an extension came, one went, and preloading changed. */
function withHistory(folder) {
  const git = (date, ...args) => execFileSync('git', ['-c', 'user.name=Tester', '-c', 'user.email=tester@example.org', ...args], {
    cwd: folder,
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  });
  const at = (name) => join(folder, 'catalogue/extensions', `${name}.toml`);
  const [vector, hashids, cron] = [at('pgvector'), at('pg_hashids'), at('pg_cron')].map((path) => readFileSync(path, 'utf8'));
  git('2026-03-02T12:00:00Z', 'init', '--quiet', '--initial-branch=main');
  // As it was: without the newest pgvector, without pg_hashids, with something that has gone since.
  writeFileSync(at('pgvector'), vector.replace(/\n\[\[version\]\]\nversion = "0\.8\.7"[^]*$/, ''));
  rmSync(at('pg_hashids'));
  writeFileSync(at('old_thing'), 'description = "Something old"\nhomepage = "https://example.org/"\nlicense = "mit"\nkind = "nixpkgs"\nsource = "nixpkgs"\npostgresql = [">=15"]\n');
  edit(at('pg_cron'), ['preload = true\n', '']);
  git('2026-03-02T12:00:00Z', 'add', '--all');
  git('2026-03-02T12:00:00Z', 'commit', '--quiet', '-m', 'first');
  git('2026-03-02T12:00:00Z', 'tag', 'v1.0');
  writeFileSync(at('pg_cron'), cron);
  git('2026-06-10T12:00:00Z', 'commit', '--quiet', '--all', '-m', 'second');
  git('2026-06-10T12:00:00Z', 'tag', 'v1.1');
  writeFileSync(at('pgvector'), vector);
  writeFileSync(at('pg_hashids'), hashids);
  rmSync(at('old_thing'));
  git('2026-11-20T12:00:00Z', 'add', '--all');
  git('2026-11-20T12:00:00Z', 'commit', '--quiet', '-m', 'third');
  return folder;
}

export const HOSTILE = '<img src=x onerror="window.taken = 1"></script><script>window.taken = 2</script><!-- &lt; {{7*7}}';

/** Text that would like to be markup, in all places that take text. */
function withHostileText(folder) {
  const at = (name) => join(folder, 'catalogue/extensions', `${name}.toml`);
  const quoted = JSON.stringify(HOSTILE);
  edit(at('pgvector'), ['description = "Vector similarity search, exact and approximate"', `description = ${quoted}`]);
  edit(at('plv8'), [/broken = "[^"]*"/.exec(readFileSync(at('plv8'), 'utf8'))[0], `broken = ${quoted}`]);
  edit(at('pg_cron'), ['"cron.database_name" = "postgres"', `"cron.database_name" = ${quoted}`]);
  edit(join(folder, 'catalogue/flake.toml'), ['description = "PostgreSQL and its extensions, built with Nix"', `description = ${quoted}`]);
  edit(join(folder, 'catalogue/overrides/vchord.nix'), ['{', `# ${HOSTILE}\n{`]);
  return folder;
}

function hostileFacts(work) {
  const path = join(work, 'facts.json');
  const vulnerabilities = [{ id: HOSTILE, severity: HOSTILE, summary: HOSTILE, link: 'javascript:window.taken=3' }];
  writeFileSync(path, JSON.stringify({ extensions: { pgvector: { '0.8.7': { size: 1234567, closure: 45678901, vulnerabilities } } } }));
  return path;
}

/** A catalogue of any size, the same every time. */
function large(folder, count) {
  const path = (name) => join(folder, 'catalogue', name);
  mkdirSync(path('extensions'), { recursive: true });
  const hash = (number) => `sha256-${Buffer.from(String(number).padStart(32, '0')).toString('base64')}`;
  const majors = [14, 15, 16, 17, 18];
  writeFileSync(path('flake.toml'), `description = "A large catalogue"\nsystems = ["x86_64-linux", "aarch64-linux"]\ndefault-postgresql = "17"\n\n[inputs.nixpkgs]\nurl = "github:NixOS/nixpkgs/nixos-unstable"\nrev = "${'e2587cae'.repeat(5)}"\nnar-hash = "${hash(1)}"\nlast-modified = 1784796856\n`);
  writeFileSync(path('postgresql.toml'), majors.map((major) => `[[postgresql]]\nname = "${major}"\nmajor = ${major}\n`).join('\n'));
  const nouns = ['vector', 'queue', 'graph', 'time', 'index', 'json', 'crypt', 'search', 'cache', 'audit', 'cluster', 'geometry', 'partition', 'sketch'];
  const verbs = ['fast', 'exact', 'parallel', 'typed', 'remote', 'temporal', 'columnar', 'sparse', 'bitmap', 'adaptive', 'lazy'];
  for (let number = 0; number < count; number += 1) {
    const [noun, verb] = [nouns[number % nouns.length], verbs[number % verbs.length]];
    const versions = Array.from({ length: 1 + (number % 4) }, (_, minor) => {
      const from = majors[(number + minor) % 3];
      return `\n[[version]]\nversion = "1.${minor}.0"\npostgresql = [">=${from}"]\nhash = "${hash(number * 8 + minor + 2)}"\n`;
    });
    writeFileSync(path(`extensions/${verb}_${noun}_${number}.toml`), `description = "${verb} ${noun} support for number ${number}, with operators, indexes and functions"\nlicense = "${number % 5 ? 'postgresql' : 'mit'}"\nkind = "pgxs"\nhomepage = "https://example.org/${number}"\n${number % 7 ? '' : 'preload = true\n'}source = { github = "example/${verb}-${noun}-${number}", tag = "v{version}" }\n${versions.join('')}`);
  }
  return folder;
}
