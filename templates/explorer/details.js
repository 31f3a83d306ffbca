// What there is to know of one extension, of one PostgreSQL, and of what is left out.

const isPlain = (name) => /^[a-z_][a-z0-9_]*$/.test(name);
const sqlName = (name) => (isPlain(name) ? name : `"${name.replaceAll('"', '""')}"`);
const confText = (text) => `'${text.replaceAll("'", "''")}'`;

/** The value of a setting, as postgresql.conf has it. */
function confValue(value) {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return confText(value);
  return `# the store path of catalogue/${value.file}`;
}

const conf = (settings) => Object.entries(settings ?? {}).map(([name, value]) => `${name} = ${confValue(value)}`);

const chip = (name, extra) => to('postgresql', name, {}, { class: `chip ${extra ?? ''}` }, name);

/** A SQL name: whoever has it. */
function sqlLink(name) {
  const owner = bySql.get(name);
  if (owner) return to('extension', owner.name, {}, {}, name);
  return h('span', {}, name, catalogue.contrib?.includes(name) && h('span', { class: 'small' }, ' (comes with PostgreSQL)'));
}

function sourceLine({ text, link, tag, commit }) {
  const file = /^https?:.*\/([^/?#]+)$/.exec(text)?.[1];
  return outside(link, tag ?? commit?.slice(0, 10) ?? file ?? text);
}

const back = () => h('p', { class: 'back' }, h('a', { href: lastList }, '← Extensions'));

function missing(what, name) {
  return { title: `No ${what}`, element: h('div', {}, back(), h('h1', { tabindex: '-1' }, `There is no ${what} called ${name}`)) };
}

/** Which version on which PostgreSQL is looked at: by the address, else the usual one. */
function chosenBuild(extension, params) {
  const places = postgresqls.map(({ name }) => name).filter((name) => isOn(extension, name));
  const usual = [params.get('pg'), catalogue.default].find((name) => places.includes(name)) ?? places.at(-1);
  const versions = usual ? versionsOn(extension, usual).filter(({ gone }) => !gone) : [];
  const version = versions.find((one) => one.version === params.get('version')) ?? versions[0];
  return { places, name: usual, versions, version };
}

const sqlVersion = ({ version, entry }) => entry?.sqlVersion ?? version;

/** Of several versions the server has one for each version in SQL: the usual one, or else the newest. */
function inOneServer(extension, versions) {
  if (!extension.sideBySide) return versions.slice(0, 1);
  return versions.filter((one, at) => versions.findIndex((other) => sqlVersion(other) === sqlVersion(one)) === at);
}

/** How it is got and used. */
function use(extension, params) {
  const { places, name, versions, version } = chosenBuild(extension, params);
  if (!name) return h('p', { class: 'notice' }, 'No PostgreSQL of the catalogue has it at present.');
  const { attribute } = servers.get(name);
  const choose = (label, key, values, now) => {
    const options = values.map((value) => [value ?? '', value ?? 'nixpkgs']);
    return chooser(label, key, options, now ?? '', key === 'pg' ? { version: '' } : {});
  };
  const isDefault = version === versions[0];
  const isInServer = inOneServer(extension, versions).includes(version);
  const of = isDefault ? extension.name : version.entry?.attribute ?? extension.name;
  const requires = version.entry?.requires ?? extension.requires ?? [];
  const preload = version.entry?.preload ?? extension.preload ?? [];
  const settings = [
    ...(preload.length > 0 ? [`shared_preload_libraries = ${confText(preload.join(','))}`] : []),
    ...conf(extension.settings),
  ];
  // One that the server has besides the usual one.
  const isBeside = isInServer && !isDefault;
  const which = isBeside ? ` VERSION ${confText(sqlVersion(version))}` : '';
  const sql = extension.sql ?? [];
  const creates = sql.map((one) => `CREATE EXTENSION ${sqlName(one)}${which}${requires.some((other) => other !== one) ? ' CASCADE' : ''};`);
  const updates = isBeside ? sql.map((one) => `ALTER EXTENSION ${sqlName(one)} UPDATE TO ${confText(sqlVersion(versions[0]))};`) : [];
  return h('section', { class: 'card use', 'aria-labelledby': 'use' },
    h('h2', { id: 'use' }, 'Use it'),
    h('div', { class: 'fields' },
      choose('PostgreSQL', 'pg', places, name),
      choose('Version', 'version', versions.map((one) => one.version), version.version)),
    h('h3', {}, 'Build it alone'),
    code(`nix build .#${attribute}/exts/${of}`, 'build it'),
    isInServer && [h('h3', {}, 'Build the server with it'), code(`nix build .#${attribute}/bin`, 'build the server')],
    isInServer && [h('h3', {}, 'Run that'), code(`nix run .#start-server ${name} ${catalogue.port}`, 'run the server')],
    updates.length > 0 && preload.length > 0 && [h('h3', {}, 'Have the server load this version, from its next start'), code(`switch-extension-version ${extension.name} ${sqlVersion(version)}`, 'switch')],
    settings.length > 0 && [h('h3', {}, 'In another server’s postgresql.conf'), code(settings.join('\n'), 'settings')],
    creates.length > 0 ? [h('h3', {}, 'In the database'), code(creates.join('\n'), 'create it')] : h('p', { class: 'small' }, 'It has nothing to create in a database.'),
    updates.length > 0 && [h('h3', {}, 'Later, first in a new session'), code(updates.join('\n'), 'update it')]);
}

/** When a version came, and in which revision. */
const since = (extension, version) => past.since[extension.name]?.[version];

function versionTable(extension) {
  const rows = (extension.versions ?? []).map((version) => {
    const came = since(extension, version.version);
    const on = postgresqls.filter(({ name }) => version.on.includes(name));
    const isDefault = (name) => extension.versions[extension.fits[name]?.default] === version;
    const fact = factsOf(extension, version.version);
    return h('tr', {},
      h('th', { scope: 'row' }, version.version,
        version.prerelease && badge('prerelease', 'warn'),
        version.broken && badge('left out', 'bad', version.broken),
        version.sqlVersion && h('span', { class: 'small' }, `in SQL ${version.sqlVersion}`),
        (fact.size || fact.closure || fact.brings) && h('span', { class: 'small' }, [fact.size && bytes(fact.size), fact.closure && `closure ${bytes(fact.closure)}`, fact.brings && `brings ${bytes(fact.brings)}`].filter(Boolean).join(', '))),
      h('td', {}, h('span', { class: 'chips' }, on.length > 0
        ? on.map(({ name }) => [chip(name, isDefault(name) ? 'default' : ''), isDefault(name) && h('span', { class: 'unseen' }, '(default)')])
        : h('span', { class: 'small' }, version.broken ?? 'none'))),
      h('td', {}, sourceLine(version.source), version.patches?.length > 0 && h('span', { class: 'small' }, plural(version.patches.length, 'patch', 'patches')),
        version.pgrx && h('span', { class: 'small' }, `pgrx ${version.pgrx}${version.rust ? `, Rust ${version.rust}` : ''}`)),
      h('td', { class: 'number' }, came ? [came.date, h('span', { class: 'small' }, came.commit)] : h('span', { class: 'none' }, '·')));
  });
  const nixpkgs = postgresqls.filter(({ name }) => extension.fits[name] && extension.fits[name].default === undefined);
  const groups = new Map();
  for (const { name } of nixpkgs) {
    const [{ version, gone }] = versionsOn(extension, name);
    const label = gone ? `${WHY[gone]}${version ? ` (${version})` : ''}` : version ?? 'not known here';
    groups.set(label, [...(groups.get(label) ?? []), name]);
  }
  for (const [label, on] of groups) {
    rows.push(h('tr', {}, h('th', { scope: 'row' }, label), h('td', {}, h('span', { class: 'chips' }, on.map((name) => chip(name)))),
      h('td', {}, 'nixpkgs'), h('td', {}, h('span', { class: 'none' }, '·'))));
  }
  return h('div', { class: 'around' }, h('table', { class: 'plain' },
    h('caption', { class: 'unseen' }, 'Versions'),
    h('thead', {}, h('tr', {}, ['Version', 'PostgreSQL', 'Source', 'Since'].map((text) => h('th', { scope: 'col' }, text)))),
    h('tbody', {}, rows)));
}

function vulnerabilityList(found) {
  return h('ul', { class: 'holes' }, found.map(({ version, id, link, severity, summary, fixed }) =>
    h('li', {}, outside(link, id), ' ', severity && badge(severity, 'bad'), ` in ${version}`, summary && `: ${summary}`, fixed && ` (fixed in ${fixed})`)));
}

/** Yes or no, or for which SQL names, where it is known of a version. */
function holds(extension, version, key) {
  const control = controlOf(extension, version?.entry);
  if (control) {
    const names = Object.keys(control).filter((name) => control[name][key]);
    if (names.length === 0) return 'no';
    return names.length === Object.keys(control).length ? 'yes' : `only ${names.join(', ')}`;
  }
  const said = factsOf(extension, version?.version)[key];
  return said === undefined ? undefined : said ? 'yes' : 'no';
}

/** Who may create it: as PostgreSQL judges by the control file. */
function creators(extension, version) {
  const control = controlOf(extension, version?.entry);
  if (!control) return undefined;
  const free = Object.keys(control).filter((name) => control[name].trusted || !control[name].superuser);
  if (free.length === 0) return 'superusers';
  return free.length === Object.keys(control).length ? 'whoever has CREATE on the database' : `superusers; ${free.join(', ')}: whoever has CREATE on the database`;
}

/** The schemas that it is always in. */
function schemas(extension, version) {
  const all = Object.entries(controlOf(extension, version?.entry) ?? {}).filter(([, { schema }]) => schema);
  const several = (extension.sql ?? []).length > 1;
  return between(', ', all.map(([name, { schema }]) => [h('code', {}, schema), several && ` (${name})`]));
}

function extensionView(name, params) {
  const extension = named.get(name);
  if (!extension) return missing('extension', name);
  const out = leftOut(extension);
  const found = holes(extension);
  const needed = requiredBy(extension);
  const links = [
    ['Homepage', extension.homepage],
    extension.repository !== extension.homepage && ['Repository', extension.repository],
    ['Changelog', extension.changelog?.replaceAll('{version}', extension.versions?.[0]?.version ?? '')],
  ].filter((link) => link && link[1]);
  const { name: server, versions: there, version } = chosenBuild(extension, params);
  const fact = factsOf(extension, version?.version);
  const together = inOneServer(extension, there);
  const added = facts.beside[server]?.[name];
  return {
    title: extension.name,
    element: h('article', { class: 'detail' }, back(),
      h('header', {},
        h('h1', { tabindex: '-1' }, extension.name),
        h('p', { class: 'lead' }, extension.description),
        h('p', { class: 'first' }, badge(extension.kind), extension.licenses.map((id) => badge(spdx(id), 'license')), badges(extension)),
        h('p', { class: 'links' }, links.map(([label, link]) => outside(link, label)))),
      h('div', { class: 'columns' },
        h('div', {},
          h('section', { class: 'card' }, h('h2', {}, 'Versions'), versionTable(extension), h('p', { class: 'small' }, h('span', { class: 'chip default' }, '17'), ' the version in ', h('code', {}, 'bin'))),
          found.length > 0 && h('section', { class: 'card' }, h('h2', {}, 'Known vulnerabilities'), vulnerabilityList(found)),
          facts.collisions[name] && h('section', { class: 'card' }, h('h2', {}, 'Cannot be side by side'), h('ul', {}, facts.collisions[name].map((why) => h('li', {}, why)))),
          out.length > 0 && h('section', { class: 'card' }, h('h2', {}, 'Left out'), terms(out.map(({ what, why }) => [what, why]))),
          extension.override && h('section', { class: 'card' }, h('h2', {}, 'Override'), h('p', { class: 'small' }, extension.override.file),
            extension.override.text && code(extension.override.text.trimEnd(), 'override')),
          h('section', { class: 'card' }, h('h2', {}, 'Facts'), terms([
            ['Names in SQL', between(', ', (extension.sql ?? []).map((sql) => h('code', {}, sql)))],
            ['Requires', between(', ', (extension.requires ?? []).map(sqlLink))],
            ['Required by', between(', ', needed.map((other) => to('extension', other.name, {}, {}, other.name)))],
            ['Preload', between(', ', (extension.preload ?? []).map((library) => h('code', {}, library)))],
            ['Settings', between(h('br'), conf(extension.settings).map((line) => h('code', {}, line)))],
            ['Side by side', together.length > 1 ? `${together.map(sqlVersion).join(', ')} in one server of ${server}${added === undefined ? '' : `, ${bytes(added)} more than the default alone`}` : undefined],
            ['Trusted', holds(extension, version, 'trusted')],
            ['Created by', creators(extension, version)],
            ['Relocatable', holds(extension, version, 'relocatable')],
            ['Schema', schemas(extension, version)],
            ['Size', fact.size && bytes(fact.size)],
            ['Closure', fact.closure && bytes(fact.closure)],
            ['Brings', fact.brings && `${bytes(fact.brings)} that nothing else needs`],
            ['Systems', extension.systems.join(', ')],
            ['Built', extension.kind === 'nixpkgs' ? `by nixpkgs: ${(extension.attributes ?? []).join(' or ')}` : extension.kind],
            ['Licence', between(', ', extension.licenses.map((id) => [spdx(id), !catalogue.licenses[id]?.free && ' (unfree)']))],
          ]))),
        use(extension, params))),
  };
}

function postgresqlView(name) {
  const server = servers.get(name);
  if (!server) return missing('PostgreSQL', name);
  const own = extensions.filter((extension) => extension.fits[name]);
  const features = Object.entries(server.features ?? {}).map(([key, wanted]) => (wanted ? key : `no ${key}`));
  const found = facts.postgresqls[name]?.vulnerabilities ?? [];
  const fact = facts.postgresqls[name] ?? {};
  return {
    title: `PostgreSQL ${name}`,
    element: h('article', { class: 'detail' }, back(),
      h('header', {},
        h('h1', { tabindex: '-1' }, `PostgreSQL ${name}`),
        h('p', { class: 'lead' }, server.version ?? 'what nixpkgs has', ' with ', to('extensions', '', { pg: name }, {}, plural(own.filter((extension) => isOn(extension, name)).length, 'extension'))),
        h('p', { class: 'first' }, serverBadges(server), !server.source && badge('from nixpkgs'))),
      h('div', { class: 'columns' },
        h('div', {},
          found.length > 0 && h('section', { class: 'card' }, h('h2', {}, 'Known vulnerabilities'), vulnerabilityList(found.map((hole) => ({ version: server.version, ...hole })))),
          h('section', { class: 'card' }, h('h2', {}, 'Facts'), terms([
            ['Major', String(server.major)],
            ['Last release', server.ends],
            ['Source', server.source && sourceLine(server.source)],
            ['Built with', features.join(', ')],
            ['Patches', (server.patches ?? []).join(', ')],
            ['Size', fact.size && bytes(fact.size)],
            ['Closure', fact.closure && bytes(fact.closure)],
          ])),
          server.preload && h('section', { class: 'card' }, h('h2', {}, 'Preloaded, in this order'), h('ol', { class: 'order' }, server.preload.map((library) => h('li', {}, h('code', {}, library))))),
          server.settings && h('section', { class: 'card' }, h('h2', {}, 'Settings'), code(conf(server.settings).join('\n'), 'settings')),
          h('section', { class: 'card' }, h('h2', {}, 'Extensions'), h('ul', { class: 'many' }, own.map((extension) => {
            const [{ version, gone }] = versionsOn(extension, name);
            return h('li', {}, to('extension', extension.name, { pg: name }, {}, extension.name), ' ', h('span', { class: 'small' }, gone ? WHY[gone] : version));
          })))),
        h('section', { class: 'card use', 'aria-labelledby': 'use' }, h('h2', { id: 'use' }, 'Use it'),
          h('h3', {}, 'Build the server with its extensions'), code(`nix build .#${server.attribute}/bin`, 'build the server'),
          h('h3', {}, 'Run it'), code(`nix run .#start-server ${name} ${catalogue.port}`, 'run the server'),
          h('h3', {}, 'As a container image'), code(`nix build .#${server.attribute}/docker`, 'build the image'),
          h('p', { class: 'links' }, postgresqls.length > 1 && to('compare', '', { a: name, b: postgresqls.find((other) => other.name !== name).name }, {}, 'Compare with another')))),
    ),
  };
}

function serversView() {
  const heads = ['PostgreSQL', 'Version', 'Extensions', 'Preloaded', 'Last release', 'Source'];
  return {
    title: 'PostgreSQL',
    element: h('article', { class: 'detail' },
      h('header', {}, h('h1', { tabindex: '-1' }, 'PostgreSQL'), h('p', { class: 'lead' }, `${plural(postgresqls.length, 'server')} that can be built and run.`)),
      h('div', { class: 'around card' }, h('table', { class: 'plain' }, h('caption', { class: 'unseen' }, 'PostgreSQL'),
        h('thead', {}, h('tr', {}, heads.map((text) => h('th', { scope: 'col' }, text)))),
        h('tbody', {}, postgresqls.map((server) => h('tr', {},
          h('th', { scope: 'row' }, h('span', { class: 'first' }, to('postgresql', server.name, {}, {}, server.name), serverBadges(server))),
          h('td', { class: 'number' }, server.version ?? 'nixpkgs’'),
          h('td', {}, to('extensions', '', { pg: server.name }, {}, String(extensions.filter((extension) => isOn(extension, server.name)).length))),
          h('td', {}, String((server.preload ?? []).length)),
          h('td', { class: 'number' }, server.ends ?? '·'),
          h('td', {}, server.source ? sourceLine(server.source) : 'nixpkgs'))))))),
  };
}

const serverBadges = (server) => [
  server.name === catalogue.default && badge('default', 'license'),
  server.prerelease && badge('prerelease', 'warn'),
  server.fork && badge('own source'),
];

function leftOutView() {
  const rows = extensions.flatMap((extension) => leftOut(extension).map((one) => ({ extension, ...one })));
  return {
    title: 'Left out',
    element: h('article', { class: 'detail' },
      h('header', {}, h('h1', { tabindex: '-1' }, 'Left out, and why'),
        h('p', { class: 'lead' }, rows.length > 0 ? 'What the catalogue names and somebody cannot have.' : 'Everything in the catalogue is to be had everywhere.')),
      rows.length > 0 && h('div', { class: 'around card' }, h('table', { class: 'plain' }, h('caption', { class: 'unseen' }, 'Left out'),
        h('thead', {}, h('tr', {}, ['Extension', 'What', 'Why'].map((text) => h('th', { scope: 'col' }, text)))),
        h('tbody', {}, rows.map(({ extension, what, why }) =>
          h('tr', {}, h('th', { scope: 'row' }, to('extension', extension.name, {}, {}, extension.name)), h('td', {}, what), h('td', {}, why))))))),
  };
}
