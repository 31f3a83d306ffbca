// Two PostgreSQLs beside each other, and two revisions of the catalogue.

const NIXPKGS = 'nixpkgs ';

/** The versions of a fit as people read them. */
const fitText = (versions) => versions?.map((version) => (version.startsWith(NIXPKGS) ? version.slice(NIXPKGS.length) || 'nixpkgs' : version));

/** The catalogue as a flat list of facts, as the earlier ones are remembered. */
function stateNow() {
  const state = new Map();
  for (const { name, revision } of catalogue.inputs) state.set(`input/${name}`, [revision]);
  for (const { name, version } of postgresqls) state.set(`postgresql/${name}`, [version ?? '']);
  for (const extension of extensions) {
    state.set(`extension/${extension.name}`, [extension.kind, ...extension.licenses]);
    if (extension.preload) state.set(`preload/${extension.name}`, extension.preload);
    for (const { name } of postgresqls) {
      const versions = versionsOn(extension, name);
      if (versions.length > 0) state.set(`fit/${extension.name}/${name}`, versions.map(({ version, own }) => (own ? version : `${NIXPKGS}${version ?? ''}`)));
    }
  }
  return state;
}

/** As it was at a revision; no name: as it is. */
function stateAt(name) {
  const state = stateNow();
  if (!name) return state;
  for (const revision of past.revisions) {
    for (const [key, value] of Object.entries(revision.before)) {
      if (value === null) state.delete(key);
      else state.set(key, value);
    }
    if (revision.name === name) return state;
  }
  return undefined;
}

/** What became of each extension, PostgreSQL and input between two states. */
function differences(older, newer) {
  const keys = [...new Set([...older.keys(), ...newer.keys()])].filter((key) => JSON.stringify(older.get(key)) !== JSON.stringify(newer.get(key)));
  const of = (kind) => keys.filter((key) => key.startsWith(`${kind}/`)).map((key) => key.slice(kind.length + 1));
  const about = new Map();
  const note = (name) => about.get(name) ?? about.set(name, { name, moved: new Map(), added: new Map(), removed: new Map(), notes: [] }).get(name);
  const group = (map, key, pg) => map.set(key, [...(map.get(key) ?? []), pg]);
  for (const name of of('extension')) {
    const [before, after] = [older, newer].map((state) => state.get(`extension/${name}`));
    const entry = note(name);
    if (!before) entry.is = 'added';
    else if (!after) entry.is = 'removed';
    else {
      if (before[0] !== after[0]) entry.notes.push(`kind ${before[0]} → ${after[0]}`);
      const [old, now] = [before, after].map((value) => value.slice(1).map(spdx).join(' + '));
      if (old !== now) entry.notes.push(`licence ${old} → ${now}`);
    }
  }
  for (const name of of('preload')) {
    const text = (state) => state.get(`preload/${name}`)?.join(', ') ?? 'nothing';
    if (older.has(`extension/${name}`) && newer.has(`extension/${name}`)) note(name).notes.push(`preload ${text(older)} → ${text(newer)}`);
  }
  for (const key of of('fit')) {
    const [name, pg] = key.split('/');
    const entry = note(name);
    const [before, after] = [older, newer].map((state) => fitText(state.get(`fit/${key}`)));
    if (before && after && before[0] !== after[0]) group(entry.moved, `${before[0]} → ${after[0]}`, pg);
    for (const version of after ?? []) if (!before?.includes(version)) group(entry.added, version, pg);
    for (const version of before ?? []) if (!after?.includes(version)) group(entry.removed, version, pg);
  }
  const pairs = (kind) => of(kind).map((name) => ({ name, before: older.get(`${kind}/${name}`)?.[0], after: newer.get(`${kind}/${name}`)?.[0] }));
  return {
    extensions: [...about.values()].sort(ORDERS.name),
    postgresqls: pairs('postgresql'),
    inputs: pairs('input'),
  };
}

/** A link to upstream's own comparison, where there is one. */
function upstream(extension, text) {
  const [before, after] = text.split(' → ');
  const { repository, tags } = extension ?? {};
  if (!repository || !tags || !after) return undefined;
  const tag = (version) => encodeURIComponent(tags.replaceAll('{version}', version));
  return outside(`${repository}/compare/${tag(before)}...${tag(after)}`, 'upstream’s changes');
}

const onServers = (on) => h('span', { class: 'small' }, ` on ${on.join(', ')}`);

function changeLine({ name, is, moved, added, removed, notes }) {
  const extension = named.get(name);
  const steps = new Set([...moved.keys()].flatMap((text) => text.split(' → ')));
  const lines = [
    ...[...moved].map(([text, on]) => h('li', { class: 'moved' }, text, onServers(on), ' ', upstream(extension, text))),
    ...[...added].filter(([version]) => !steps.has(version)).map(([version, on]) => h('li', { class: 'added' }, `${is === 'added' ? '' : 'added '}${version}`, onServers(on))),
    ...[...removed].filter(([version]) => !steps.has(version)).map(([version, on]) => h('li', { class: 'removed' }, `removed ${version}`, onServers(on))),
    ...notes.map((text) => h('li', {}, text)),
  ];
  return h('tr', {},
    h('th', { scope: 'row' }, extension ? to('extension', name, {}, {}, name) : name, ' ', is && badge(is, is === 'added' ? 'good' : 'bad')),
    h('td', {}, h('ul', { class: 'changes' }, lines)));
}

function pairLine({ name, before, after }, kind) {
  const link = kind === 'input' && catalogue.inputs.find((input) => input.name === name)?.link;
  const range = link && /^(https:\/\/github\.com\/[^/]+\/[^/]+)\/tree\//.exec(link);
  return h('tr', {},
    h('th', { scope: 'row' }, kind === 'input' ? name : servers.has(name) ? to('postgresql', name, {}, {}, `PostgreSQL ${name}`) : `PostgreSQL ${name}`, ' ',
      before === undefined && badge('added', 'good'), after === undefined && badge('removed', 'bad')),
    h('td', {}, [before, after].filter((one) => one !== undefined).map(short).join(' → '), ' ',
      range && before && after && outside(`${range[1]}/compare/${before}...${after}`, 'upstream’s changes')));
}

function compareView(_, params) {
  const names = postgresqls.map(({ name }) => name);
  const [first, second] = [names[0], names.at(-1)];
  const a = servers.has(params.get('a')) ? params.get('a') : catalogue.default ?? first;
  const b = servers.has(params.get('b')) ? params.get('b') : names.find((name) => name !== a && servers.get(name).major > servers.get(a).major) ?? second;
  const all = params.has('all');
  const text = (extension, name) => versionsOn(extension, name).map(({ version, gone }) => (gone ? WHY[gone] : version ?? 'nixpkgs'));
  const rows = extensions
    .map((extension) => ({ extension, left: text(extension, a), right: text(extension, b) }))
    .filter(({ left, right }) => left.length > 0 || right.length > 0);
  const differ = rows.filter(({ left, right }) => left.join() !== right.join());
  const only = (key, other) => rows.filter((line) => line[key].length > 0 && line[other].length === 0).length;
  const options = names.map((name) => [name, `PostgreSQL ${name}`]);
  const box = h('input', { type: 'checkbox', id: 'same', checked: all });
  box.addEventListener('change', () => go(changed({ all: box.checked ? '1' : '' })));
  const show = (texts) => (texts.length > 0 ? [texts[0], texts.length > 1 && h('span', { class: 'small' }, texts.slice(1).join(', '))] : h('span', { class: 'none' }, '·', h('span', { class: 'unseen' }, 'none')));
  const kind = ({ left, right }) => (left.length === 0 ? 'added' : right.length === 0 ? 'removed' : left[0] === right[0] ? '' : 'moved');
  return {
    title: `PostgreSQL ${a} and ${b}`,
    element: h('article', { class: 'detail' },
      h('header', {}, h('h1', { tabindex: '-1' }, 'Compare two PostgreSQLs'),
        h('div', { class: 'fields' }, chooser('From', 'a', options, a), h('span', { class: 'arrow', 'aria-hidden': 'true' }, '→'), chooser('To', 'b', options, b),
          h('label', { class: 'choice' }, box, h('span', { class: 'text' }, 'also what is the same')))),
      h('p', { class: 'lead' }, `${plural(differ.length, 'extension')} of ${rows.length} ${differ.length === 1 ? 'differs' : 'differ'}: ${only('left', 'right')} only on ${a}, ${only('right', 'left')} only on ${b}.`),
      h('div', { class: 'around card' }, h('table', { class: 'plain compare' }, h('caption', { class: 'unseen' }, `Extensions of PostgreSQL ${a} and ${b}`),
        h('thead', {}, h('tr', {}, ['Extension', `PostgreSQL ${a}`, `PostgreSQL ${b}`].map((head) => h('th', { scope: 'col' }, head)))),
        h('tbody', {}, (all ? rows : differ).map((line) =>
          h('tr', { class: kind(line) }, h('th', { scope: 'row' }, to('extension', line.extension.name, {}, {}, line.extension.name)), h('td', {}, show(line.left)), h('td', {}, show(line.right)))))))),
  };
}

function changesView(_, params) {
  if (past.revisions.length === 0) {
    return { title: 'Changes', element: h('div', { class: 'detail' }, h('h1', { tabindex: '-1' }, 'This page knows of no earlier revision')) };
  }
  const usual = past.revisions.find(({ against }) => against) ?? past.revisions[0];
  const isKnown = (name) => past.revisions.some((revision) => revision.name === name);
  const from = isKnown(params.get('from')) ? params.get('from') : usual.name;
  const until = isKnown(params.get('to')) ? params.get('to') : '';
  const found = differences(stateAt(from), stateAt(until));
  const options = past.revisions.map(({ name, date }) => [name, `${name} (${date})`]);
  const counts = (is) => found.extensions.filter((entry) => entry.is === is).length;
  const summary = [
    [counts('added'), 'added'],
    [counts('removed'), 'removed'],
    [counts(undefined), 'changed'],
  ].filter(([count]) => count > 0).map(([count, what]) => `${plural(count, 'extension')} ${what}`);
  const others = found.postgresqls.length + found.inputs.length;
  const table = (title, lines) => lines.length > 0 && h('section', { class: 'card' }, h('h2', {}, title),
    h('div', { class: 'around' }, h('table', { class: 'plain' }, h('caption', { class: 'unseen' }, title), h('tbody', {}, lines))));
  return {
    title: `Changes since ${from}`,
    element: h('article', { class: 'detail' },
      h('header', {}, h('h1', { tabindex: '-1' }, 'What changed'),
        h('div', { class: 'fields' }, chooser('From', 'from', options, from), h('span', { class: 'arrow', 'aria-hidden': 'true' }, '→'), chooser('To', 'to', [['', 'now'], ...options], until))),
      h('p', { class: 'lead' }, summary.length + others === 0 ? 'Nothing changed.' : `${[...summary, others > 0 && plural(others, 'PostgreSQL or input', 'PostgreSQLs or inputs')].filter(Boolean).join(', ')}.`),
      h('div', { class: 'columns' },
        h('div', {},
          table('PostgreSQL', found.postgresqls.map((pair) => pairLine(pair, 'postgresql'))),
          table('Extensions', found.extensions.map(changeLine)),
          table('Inputs', found.inputs.map((pair) => pairLine(pair, 'input')))),
        h('section', { class: 'card use' }, h('h2', {}, 'Revisions'), h('ol', { class: 'timeline' },
          [{ name: '', date: '' }, ...past.revisions].map((revision, index, every) => {
            const older = every[index + 1];
            const label = revision.name || 'now';
            return h('li', {}, older ? to('changes', '', { from: older.name, to: revision.name }, { 'aria-current': older.name === from && revision.name === until && 'true' }, label) : label, h('span', { class: 'small' }, between(' · ', [revision.date, revision.commit?.slice(0, 10)].filter(Boolean))));
          }))))),
  };
}
