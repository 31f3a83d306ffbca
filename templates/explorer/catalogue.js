// What the page knows, and what follows from it.

const data = JSON.parse(document.getElementById('data').textContent);
const { catalogue } = data;
const facts = { extensions: {}, postgresqls: {}, beside: {}, collisions: {}, ...data.facts };
const past = { revisions: [], since: {}, ...data.history };
const { postgresqls, extensions, systems } = catalogue;
const servers = new Map(postgresqls.map((postgresql) => [postgresql.name, postgresql]));
const named = new Map(extensions.map((extension) => [extension.name, extension]));
/** Who has a SQL name. */
const bySql = new Map(extensions.flatMap((extension) => (extension.sql ?? []).map((name) => [name, extension])));

/** Why nixpkgs does not give something. */
const WHY = {
  broken: 'broken in nixpkgs',
  insecure: 'insecure, says nixpkgs',
  unfree: 'unfree',
  unsupported: 'not for this system',
  missing: 'not in nixpkgs',
};

const spdx = (name) => catalogue.licenses[name]?.spdx || name;
const isFree = (extension) => extension.licenses.every((name) => catalogue.licenses[name]?.free);
const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
const short = (revision) => (/^[0-9a-f]{40}$/.test(revision) ? revision.slice(0, 10) : revision);

/** What a PostgreSQL has of an extension, the version in `bin` first: `{ version, entry, own, refused }`. */
function versionsOn(extension, name) {
  const fit = extension.fits[name];
  if (!fit) return [];
  if (fit.default === undefined) {
    const refused = fit.refused ?? {};
    const everywhere = systems.every((system) => refused[system]);
    return [{ version: fit.nixpkgs, own: false, refused, gone: everywhere ? refused[systems[0]] : undefined }];
  }
  const order = [fit.default, ...fit.all.filter((index) => index !== fit.default)];
  return order.map((index) => ({ version: extension.versions[index].version, entry: extension.versions[index], own: true }));
}

/** How many packages that is. */
const builds = extensions.reduce((sum, one) => sum + postgresqls.reduce((all, { name }) => all + versionsOn(one, name).length, 0), 0);

/** What the catalogue stands on. */
const pinned = () => [...catalogue.inputs].sort((a, b) => (b.name === 'nixpkgs') - (a.name === 'nixpkgs')).map(
  ({ name, revision, modified, link }) => h('span', {}, `${name} `, outside(link, short(revision)), ` of ${day(modified)}`));

/** Whether it can be had there, on some system. */
const isOn = (extension, name) => versionsOn(extension, name).some((one) => !one.gone);

/** What is left out of it and why: `{ what, why }`. */
function leftOut(extension) {
  const found = [];
  if (extension.broken) found.push({ what: 'everywhere', why: extension.broken });
  for (const version of extension.versions ?? []) {
    if (version.broken) found.push({ what: version.version, why: version.broken });
  }
  const groups = new Map();
  for (const { name } of postgresqls) {
    const refused = Object.entries(extension.fits[name]?.refused ?? {});
    for (const why of new Set(refused.map(([, reason]) => reason))) {
      const where = refused.filter(([, reason]) => reason === why).map(([system]) => system);
      const key = JSON.stringify([why, where.length === systems.length ? [] : where]);
      groups.set(key, [...(groups.get(key) ?? []), name]);
    }
  }
  for (const [key, on] of groups) {
    const [why, where] = JSON.parse(key);
    const place = where.length > 0 ? ` on ${where.join(', ')}` : '';
    found.push({ what: `PostgreSQL ${on.join(', ')}${place}`, why: WHY[why] ?? why });
  }
  for (const system of extension.notFor ?? []) found.push({ what: system, why: 'excluded by the catalogue' });
  return found;
}

/** Who needs it. */
function requiredBy(extension) {
  const own = new Set(extension.sql ?? []);
  const needs = (other) => [...(other.requires ?? []), ...(other.versions ?? []).flatMap((version) => version.requires ?? [])];
  return extensions.filter((other) => other !== extension && needs(other).some((name) => own.has(name)));
}

/** What is known of a package from elsewhere. */
const factsOf = (extension, version) => facts.extensions[extension.name]?.[version ?? ''] ?? {};
/** What the control files of a version say, or of whatever version nixpkgs has. */
const controlOf = (extension, entry) => entry?.control ?? extension.control;
/** Whether something is said of any version that is there. */
const isAny = (extension, key) =>
  [extension.control, ...(extension.versions ?? []).map((version) => version.control)].some((control) => Object.values(control ?? {}).some((one) => one[key])) ||
  Object.values(facts.extensions[extension.name] ?? {}).some((fact) => fact[key]);
const holes = (extension) =>
  Object.entries(facts.extensions[extension.name] ?? {})
    .flatMap(([version, fact]) => (fact.vulnerabilities ?? []).map((hole) => ({ version, ...hole })));

/** `1.10` after `1.9`; a prerelease before its release. */
function compareVersions(a, b) {
  const parts = (text) => (text ?? '').match(/\d+|[a-z]+/gi) ?? [];
  const [left, right] = [parts(a), parts(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [one, other] = [left[index], right[index]];
    if (one === other) continue;
    const rank = (part) => (part === undefined ? 0 : /\d/.test(part) ? 1 : -1);
    if (rank(one) !== rank(other)) return rank(one) - rank(other);
    if (rank(one) === 1) {
      if (Number(one) !== Number(other)) return Number(one) - Number(other);
    } else {
      return one < other ? -1 : 1;
    }
  }
  return 0;
}

/** What can be asked of extensions besides names. Each has its values, and which of them an extension has. */
const FACETS = [
  {
    key: 'pg',
    label: 'PostgreSQL',
    values: postgresqls.map(({ name }) => [name, name]),
    of: (extension) => postgresqls.map(({ name }) => name).filter((name) => isOn(extension, name)),
  },
  {
    key: 'is',
    label: 'Properties',
    values: [
      ['preload', 'needs preload'],
      ['several', 'several versions'],
      ['side-by-side', 'several in one server'],
      ['trusted', 'trusted'],
      ['relocatable', 'relocatable'],
      ['ours', 'built from source here'],
      ['nixpkgs', 'from nixpkgs'],
      ['override', 'has an override'],
      ['unfree', 'unfree'],
      ['left-out', 'left out somewhere'],
      ['vulnerable', 'known vulnerabilities'],
    ],
    of: (extension) =>
      [
        ['preload', extension.preload],
        ['several', postgresqls.some(({ name }) => versionsOn(extension, name).length > 1)],
        ['side-by-side', extension.sideBySide],
        ['trusted', isAny(extension, 'trusted')],
        ['relocatable', isAny(extension, 'relocatable')],
        [extension.versions ? 'ours' : 'nixpkgs', true],
        ['override', extension.override],
        ['unfree', !isFree(extension)],
        ['left-out', leftOut(extension).length > 0],
        ['vulnerable', holes(extension).length > 0],
      ].filter(([, is]) => is).map(([key]) => key),
  },
  {
    key: 'system',
    label: 'System',
    values: systems.map((system) => [system, system]),
    of: (extension) => extension.systems,
  },
  {
    key: 'kind',
    label: 'Kind',
    values: [...new Set(extensions.map(({ kind }) => kind))].sort().map((kind) => [kind, kind]),
    of: (extension) => [extension.kind],
  },
  {
    key: 'license',
    label: 'Licence',
    values: Object.keys(catalogue.licenses).map((name) => [name, spdx(name)]),
    of: (extension) => extension.licenses,
  },
];

/** For each facet the values of each extension. */
const facetValues = new Map(
  FACETS.map((facet) => [facet.key, new Map(extensions.map((extension) => [extension, new Set(facet.of(extension))]))]),
);
