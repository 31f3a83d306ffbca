// The matrix: extensions × PostgreSQLs, with what is asked of them.

/** Rows at once: all of a usual catalogue, of a large one as many as are laid out while one types. */
const PAGE = extensions.length <= 100 ? 100 : 40;

const ORDERS = {
  name: (a, b) => (a.name < b.name ? -1 : 1),
  kind: (a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0),
};

/** The newest version on each PostgreSQL first, then those that have none. */
const byServer = (name) => (a, b) => {
  const [one, other] = [a, b].map((extension) => versionsOn(extension, name)[0]?.version);
  if (!one || !other) return (one ? 0 : 1) - (other ? 0 : 1);
  return compareVersions(other, one);
};

/** What is asked for, by what the address says. */
function asked(params) {
  const chosen = new Map(FACETS.map(({ key }) => [key, list(params, key)]));
  return { text: params.get('q') ?? '', chosen, sort: params.get('sort') ?? '', all: params.has('all') };
}

/** Whether an extension has what a facet asks for: any of its values, of properties all. */
function has(extension, key, wanted) {
  const own = facetValues.get(key).get(extension);
  return key === 'is' ? wanted.every((value) => own.has(value)) : wanted.some((value) => own.has(value));
}

const passes = (extension, chosen, except) =>
  [...chosen].every(([key, wanted]) => key === except || wanted.length === 0 || has(extension, key, wanted));

/** Those that are asked for, in order, and for each facet how many there would be of each value. */
function select({ text, chosen, sort }) {
  const scores = search(text);
  const answering = scores ? [...scores.keys()] : extensions;
  const found = answering.filter((extension) => passes(extension, chosen));
  const [key, down] = sort.startsWith('-') ? [sort.slice(1), -1] : [sort, 1];
  const order = servers.has(key) ? byServer(key) : ORDERS[key];
  const usual = scores ? (a, b) => scores.get(b) - scores.get(a) : () => 0;
  found.sort((a, b) => (order ? down * order(a, b) : usual(a, b)) || ORDERS.name(a, b));
  const counts = new Map();
  for (const { key: facet, values } of FACETS) {
    // A further property narrows what there is; a further value of another facet adds to it.
    const among = answering.filter((extension) => passes(extension, chosen, facet === 'is' ? undefined : facet));
    const own = facetValues.get(facet);
    for (const [value] of values) {
      counts.set(`${facet}=${value}`, among.filter((extension) => own.get(extension).has(value)).length);
    }
  }
  return { found, counts };
}

/** One version as it stands in the table. */
function pill(extension, name, { version, own, refused, gone }) {
  if (gone) return badge(gone, 'bad', WHY[gone]);
  const partly = Object.entries(refused ?? {});
  const not = partly.map(([system, why]) => `${WHY[why]}: ${system}`).join('; ');
  const label = `${extension.name} ${version ?? ''} on PostgreSQL ${name}${own ? '' : ', from nixpkgs'}${not && `, ${not}`}`;
  const kind = `version ${own ? '' : 'nixpkgs'}`;
  return to('extension', extension.name, { pg: name }, { class: kind, 'aria-label': label, title: not || (own ? undefined : 'from nixpkgs') },
    version ?? 'nixpkgs', partly.length > 0 && h('span', { class: 'partly', 'aria-hidden': 'true' }, '◐'));
}

function cell(extension, { name }, all) {
  const versions = versionsOn(extension, name);
  const shownAtOnce = all ? versions : versions.slice(0, 1);
  const more = versions.length - shownAtOnce.length;
  const rest = versions.slice(shownAtOnce.length).map(({ version }) => version).join(', ');
  return h('td', { role: 'cell', 'data-pg': name, class: versions.length ? undefined : 'empty' },
    versions.length === 0
      ? h('span', { class: 'none' }, h('span', { 'aria-hidden': 'true' }, '·'), h('span', { class: 'unseen' }, 'none'))
      : h('span', { class: 'pills' },
          shownAtOnce.map((version) => pill(extension, name, version)),
          more > 0 && h('span', { class: 'more', title: rest }, `+${more}`, h('span', { class: 'unseen' }, ` more: ${rest}`))));
}

/** What is to be known of an extension at a glance. */
function badges(extension) {
  const open = holes(extension).length;
  return [
    extension.preload && badge('preload', 'preload', 'Must be in shared_preload_libraries'),
    !isFree(extension) && badge('unfree', 'warn', 'nixpkgs builds it only where unfree packages are allowed'),
    extension.override && badge('override', '', 'Adapted by hand-written Nix'),
    extension.broken && badge('left out', 'bad', extension.broken),
    open > 0 && badge(plural(open, 'vulnerability', 'vulnerabilities'), 'bad'),
  ];
}

const rows = { some: new Map(), all: new Map() };

/** The row of an extension, made when it is first shown. */
function row(extension, all) {
  const made = rows[all ? 'all' : 'some'];
  if (!made.has(extension)) made.set(extension, makeRow(extension, all));
  return made.get(extension);
}

function makeRow(extension, all) {
  return h('tr', { role: 'row' },
    h('th', { role: 'rowheader', scope: 'row' },
      h('span', { class: 'first' }, to('extension', extension.name, {}, { class: 'name' }, extension.name), badges(extension)),
      h('span', { class: 'about' }, extension.description),
      h('span', { class: 'small' }, between(' · ', [extension.kind, extension.licenses.map(spdx).join(' + ')]))),
    postgresqls.map((postgresql) => cell(extension, postgresql, all)));
}

/** The head of a column, which sorts. */
function heading(key, label, below, sort) {
  const down = sort === `-${key}`;
  const is = sort === key || down || (key === 'name' && !sort);
  const next = down ? '' : sort === key || (key === 'name' && !sort) ? `-${key}` : key;
  return h('th', { role: 'columnheader', scope: 'col', 'aria-sort': is ? (down ? 'descending' : 'ascending') : undefined },
    h('button', { type: 'button', class: 'sort', on: { click: () => go(changed({ sort: next, page: '' })) }, 'data-sort': key },
      h('span', {}, label, h('span', { class: 'arrow', 'aria-hidden': 'true' }, is ? (down ? '▾' : '▴') : '')),
      below && h('span', { class: 'small' }, below)));
}

/** Boxes of a facet, made once; what is chosen and the counts follow the address. */
function facetBoxes({ key, label, values }) {
  const boxes = values.map(([value, text]) => {
    const box = h('input', { type: 'checkbox', name: key, value });
    box.addEventListener('change', () => {
      const old = list(read().params, key).filter((one) => one !== value);
      go(changed({ [key]: (box.checked ? [...old, value] : old).join(','), page: '' }));
    });
    const count = h('span', { class: 'count' });
    const line = h('label', { class: 'choice' }, box, h('span', { class: 'text' }, text), count);
    return { value, box, count, line };
  });
  const group = h('fieldset', { class: `facet ${key}` }, h('legend', {}, label), boxes.map(({ line }) => line));
  const update = (chosen, counts) => {
    for (const { value, box, count, line } of boxes) {
      const there = counts.get(`${key}=${value}`);
      box.checked = chosen.get(key).includes(value);
      fill(count, there);
      line.hidden = there === 0 && !box.checked;
      // Of many values only those that there are.
    }
    group.hidden = boxes.every(({ line }) => line.hidden);
  };
  return { group, update };
}

/** Which page one is on, and the ways to the others. */
function pages(count, now) {
  const last = Math.max(1, Math.ceil(count / PAGE));
  if (last === 1) return undefined;
  const step = (page, label, rel) =>
    page >= 1 && page <= last
      ? h('a', { href: changed({ page: page > 1 ? String(page) : '' }), rel, class: 'button' }, label)
      : h('span', { class: 'button off' }, label);
  return h('nav', { class: 'pages', 'aria-label': 'Pages' },
    step(now - 1, '← Previous', 'prev'), h('span', {}, `Page ${now} of ${last}`), step(now + 1, 'Next →', 'next'));
}

/** The view: made once, followed by `update`. */
function matrixView() {
  const input = h('input', {
    type: 'search', id: 'search', placeholder: 'Search: vector, GraphQL, time series …', autocomplete: 'off', spellcheck: 'false',
    'aria-label': 'Search extensions by name, SQL name or description', 'aria-keyshortcuts': '/',
  });
  input.addEventListener('input', () => go(changed({ q: input.value.trim(), page: '' }), { replace: true }));
  const all = h('input', { type: 'checkbox', id: 'all' });
  all.addEventListener('change', () => go(changed({ all: all.checked ? '1' : '' })));
  const count = h('p', { class: 'found' });
  const clear = h('a', { href: '#/', class: 'clear' }, 'Clear all');
  const facets = FACETS.map(facetBoxes);
  const chosenCount = h('span', { class: 'count' });
  const side = h('details', { class: 'facets' }, h('summary', {}, 'Filter', chosenCount), facets.map(({ group }) => group));
  const wide = matchMedia('(min-width: 60rem)');
  side.open = wide.matches;
  wide.addEventListener('change', () => { side.open = wide.matches; });
  const [head, body] = [h('thead', { role: 'rowgroup' }), h('tbody', { role: 'rowgroup' })];
  const table = h('table', { class: 'matrix', role: 'table' }, h('caption', { class: 'unseen' }, 'Extensions and the versions that each PostgreSQL has'), head, body);
  const nothing = h('p', { class: 'nothing' });
  const turn = h('div', {});
  const element = h('div', { class: `browse ${postgresqls.length > 8 ? 'broad' : ''}` },
    h('h1', { class: 'unseen', tabindex: '-1' }, 'Extensions'),
    side,
    h('div', { class: 'results' },
      h('div', { class: 'bar' },
        h('div', { class: 'searching' }, input, h('kbd', { 'aria-hidden': 'true' }, '/')),
        h('label', { class: 'choice' }, all, h('span', { class: 'text' }, 'all versions'))),
      h('div', { class: 'line' }, count, clear, h('p', { class: 'stand' }, between(' · ', [plural(builds, 'build'), ...pinned().slice(0, 1)]))),
      h('div', { class: 'around' }, table), nothing, turn));

  const update = (params) => {
    const wanted = asked(params);
    const { found, counts } = select(wanted);
    const page = Math.min(Math.max(1, Number(params.get('page')) || 1), Math.max(1, Math.ceil(found.length / PAGE)));
    if (document.activeElement !== input) input.value = wanted.text;
    all.checked = wanted.all;
    for (const { update: follow } of facets) follow(wanted.chosen, counts);
    const chosen = [...wanted.chosen.values()].flat().length;
    fill(chosenCount, chosen > 0 && String(chosen));
    clear.hidden = chosen === 0 && !wanted.text && !wanted.sort;
    const sorted = document.activeElement?.dataset?.sort;
    fill(head, h('tr', { role: 'row' }, heading('name', 'Extension', undefined, wanted.sort),
      postgresqls.map(({ name, version }) => heading(name, name, version !== name && (version ?? 'nixpkgs'), wanted.sort))));
    if (sorted) head.querySelector(`[data-sort="${CSS.escape(sorted)}"]`)?.focus();
    // Of a few, everything.
    const whole = wanted.all || found.length <= 3;
    fill(body, found.slice((page - 1) * PAGE, page * PAGE).map((extension) => row(extension, whole)));
    table.hidden = found.length === 0;
    fill(nothing, found.length === 0 && 'Nothing in the catalogue is so. Take something away from what you ask for.');
    fill(turn, pages(found.length, page));
    const text = found.length === extensions.length ? plural(found.length, 'extension') : `${grouped(found.length)} of ${plural(extensions.length, 'extension')}`;
    fill(count, text);
    lastList = location.hash || '#/';
    return text;
  };

  // Up and down go from name to name, from the search on.
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && event.target === input && input.value) {
      input.value = '';
      go(changed({ q: '', page: '' }), { replace: true });
      event.preventDefault();
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const stops = [input, ...body.querySelectorAll('a.name')];
    const next = stops[stops.indexOf(event.target) + (event.key === 'ArrowDown' ? 1 : -1)];
    if (!stops.includes(event.target) || !next) return;
    next.focus();
    event.preventDefault();
  });
  return { element, update, title: 'Extensions', input };
}
