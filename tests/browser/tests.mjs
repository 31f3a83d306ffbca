// What people do with the page.

import assert from 'node:assert/strict';

import { HOSTILE } from './pages.mjs';

export const tests = [];
const test = (name, run, { smoke = false } = {}) => tests.push({ name, run, smoke });

const names = (page) => page.locator('tbody a.name').allTextContents();
const query = async (page) => new URLSearchParams((await page.evaluate(() => location.hash)).split('?')[1] ?? '');
const box = (page, key, value) => page.locator(`input[name="${key}"][value="${value}"]`);

test('the matrix has every extension and says what it is', async ({ open }) => {
  const { page, close } = await open('plain');
  const all = await names(page);
  assert.ok(all.length > 60, `${all.length}`);
  assert.deepEqual(all, [...all].sort((a, b) => (a < b ? -1 : 1)));
  assert.match(await page.title(), /^Extensions · PostgreSQL and its extensions/);
  assert.equal(await page.locator('thead th').count(), 8);
  assert.match(await page.locator('.found').textContent(), /^\d+ extensions$/);
  await close();
}, { smoke: true });

test('which versions of pgvector run on 17', async ({ open }) => {
  const { page, close } = await open('plain');
  await page.fill('#search', 'pgvector');
  assert.equal((await names(page))[0], 'pgvector');
  const cell = page.locator('tr', { has: page.getByRole('link', { name: 'pgvector', exact: true }) }).locator('td[data-pg="17"]');
  assert.deepEqual(await cell.locator('a').allTextContents(), ['0.8.7', '0.8.0', '0.7.4', '0.6.2', '0.5.1']);
  await close();
}, { smoke: true });

test('search takes names, SQL names, descriptions, several words and mistakes', async ({ open }) => {
  const { page, close } = await open('plain');
  for (const [typed, first] of [
    ['postgis', 'postgis'], ['vector', 'pgvector'], ['pgvetcor', 'pgvector'], ['timscaledb', 'timescaledb'], ['time series', 'timescaledb'],
    ['GraphQL', 'pg_graphql'], ['pg cron', 'pg_cron'], ['hypog', 'hypopg'], ['postgis_topology', 'postgis'],
  ]) {
    await page.fill('#search', typed);
    assert.equal((await names(page))[0], first, typed);
    assert.equal((await query(page)).get('q'), typed);
  }
  await page.fill('#search', 'zzzzqqqq');
  assert.equal(await page.locator('.matrix').isHidden(), true);
  assert.match(await page.locator('.nothing').textContent(), /Nothing/);
  await page.fill('#search', '');
  assert.ok((await names(page)).length > 60);
  await close();
}, { smoke: true });

test('which extensions need preload', async ({ open }) => {
  const { page, close } = await open('plain');
  await box(page, 'is', 'preload').check();
  const rows = await page.locator('tbody tr').count();
  assert.ok(rows > 3 && rows < 40, `${rows}`);
  assert.equal(await page.locator('tbody .badge.preload').count(), rows);
  assert.ok((await names(page)).includes('pg_cron'));
  await close();
}, { smoke: true });

test('facets narrow, count and are in the address', async ({ open }) => {
  const { page, close } = await open('plain');
  const promised = Number(await page.locator('label', { has: box(page, 'kind', 'pgrx') }).locator('.count').textContent());
  await box(page, 'kind', 'pgrx').check();
  assert.equal((await names(page)).length, promised);
  await box(page, 'pg', '18').check();
  const both = await names(page);
  assert.ok(both.length > 0 && both.length < promised, `${both.length} of ${promised}`);
  assert.equal((await query(page)).toString(), 'kind=pgrx&pg=18');
  // Of one facet either, of properties both.
  await box(page, 'kind', 'pgxs').check();
  assert.ok((await names(page)).length > both.length);
  await box(page, 'is', 'preload').check();
  const preloaded = (await names(page)).length;
  await box(page, 'is', 'several').check();
  assert.ok((await names(page)).length <= preloaded);
  await page.click('.clear');
  assert.ok((await names(page)).length > 60);
  assert.equal(await page.locator('.facets input:checked').count(), 0);
  await close();
});

test('a deep link shows what it says', async ({ open }) => {
  const { page, close } = await open('plain', '#/?pg=18&is=preload&sort=-name');
  const all = await names(page);
  assert.deepEqual(all, [...all].sort((a, b) => (a < b ? 1 : -1)));
  assert.ok(await box(page, 'pg', '18').isChecked() && await box(page, 'is', 'preload').isChecked());
  assert.equal(await page.locator('thead th').first().getAttribute('aria-sort'), 'descending');
  for (const nonsense of ['#/nowhere', '#/extension/none', '#/extension/%E0%A4%A', '#/postgresql/', '#/compare?a=x&b=y', '#/?page=99&sort=x&pg=zz', '#/changes?from=x', '#//', '#?q=']) {
    await page.evaluate((hash) => { location.hash = hash; }, nonsense);
    await page.waitForTimeout(30);
    assert.ok(await page.locator('h1').count() === 1, nonsense);
  }
  await close();
}, { smoke: true });

test('several versions in one server', async ({ open }) => {
  const { page, close } = await open('beside', '#/extension/pgvector?pg=17&version=0.7.4');
  const use = page.locator('.use');
  for (const line of ['nix build .#psql_17/bin', "CREATE EXTENSION vector VERSION '0.7.4';", "ALTER EXTENSION vector UPDATE TO '0.8.7';"]) {
    assert.ok((await use.textContent()).includes(line), line);
  }
  assert.ok(!(await use.textContent()).includes('switch-extension-version'));
  assert.match(await page.locator('article').textContent(), /0\.8\.7, 0\.8\.0, 0\.7\.4, 0\.6\.2, 0\.5\.1 in one server of 17/);
  // What is preloaded has to be loaded by the server first.
  await page.evaluate(() => { location.hash = '#/extension/pg_cron?pg=15&version=1.5.2'; });
  await page.getByText("switch-extension-version pg_cron 1.5").waitFor();
  await page.evaluate(() => { location.hash = '#/?is=side-by-side'; });
  await page.locator('tbody a.name').first().waitFor();
  assert.deepEqual(await names(page), ['pg_cron', 'pg_hashids', 'pgvector']);
  await close();
}, { smoke: true });

test('a page of an extension: build lines, versions, what needs it', async ({ open }) => {
  const { page, close } = await open('plain', '#/extension/pgvector?pg=18');
  assert.match(await page.locator('.use').textContent(), /nix build \.#psql_18\/exts\/pgvector/);
  await page.getByLabel('Version', { exact: true }).selectOption('0.8.0');
  await page.waitForFunction(() => location.hash.includes('version=0.8.0'));
  assert.match(await page.locator('.use').textContent(), /psql_18\/exts\/pgvector-0_8_0/);
  await page.getByLabel('PostgreSQL', { exact: true }).selectOption('15');
  await page.waitForFunction(() => document.querySelector('.use').textContent.includes('psql_15'));
  assert.match(await page.locator('.detail').textContent(), /CREATE EXTENSION vector;/);
  const needed = page.locator('.terms > div', { hasText: 'Required by' });
  assert.match(await needed.textContent(), /vchord/);
  await needed.getByRole('link', { name: 'vchord', exact: true }).click();
  await page.waitForFunction(() => document.querySelector('h1')?.textContent === 'vchord');
  assert.match(await page.locator('.use').textContent(), /shared_preload_libraries = 'vchord'[^]*CREATE EXTENSION vchord CASCADE;/);
  assert.match(await page.locator('.detail').textContent(), /catalogue\/overrides\/vchord\.nix/);
  await close();
}, { smoke: true });

test('left out, and why', async ({ open }) => {
  const { page, close } = await open('plain', '#/left-out');
  const text = await page.locator('main').textContent();
  assert.match(text, /plv8.*V8 9\.7/);
  assert.match(text, /broken in nixpkgs/);
  await close();
});

test('back leads to the list as it was', async ({ open }) => {
  const { page, close } = await open('plain');
  await page.fill('#search', 'json');
  await box(page, 'pg', '17').check();
  const before = await names(page);
  await page.locator('a.name').first().click();
  await page.waitForSelector('.detail');
  await page.goBack();
  await page.waitForSelector('.matrix');
  assert.deepEqual(await names(page), before);
  assert.equal(await page.inputValue('#search'), 'json');
  await page.goBack();
  await page.waitForFunction(() => !location.hash.includes('pg=17'));
  assert.equal(await box(page, 'pg', '17').isChecked(), false);
  await page.goForward();
  await page.waitForFunction(() => location.hash.includes('pg=17'));
  await page.reload();
  await page.waitForSelector('.matrix');
  assert.deepEqual(await names(page), before);
  await close();
}, { smoke: true });

test('two PostgreSQLs compared', async ({ open }) => {
  const { page, close } = await open('plain', '#/compare?a=15&b=18');
  const row = (name) => page.locator('tr', { has: page.getByRole('link', { name, exact: true }) });
  assert.match(await row('pgvector').textContent(), /0\.4\.0/);
  const differ = await page.locator('tbody tr').count();
  await page.getByLabel('also what is the same').check();
  await page.waitForFunction((count) => document.querySelectorAll('tbody tr').length > count, differ);
  await page.getByLabel('To', { exact: true }).selectOption('15');
  await page.waitForFunction(() => /^0 extensions of/.test(document.querySelector('.lead').textContent));
  await close();
});

test('what changed since the last tag', async ({ open }) => {
  const { page, close } = await open('history');
  await page.getByRole('link', { name: 'Changes' }).click();
  await page.waitForSelector('.timeline');
  const row = (name) => page.locator('tr', { has: page.locator('th', { hasText: name }) });
  assert.match(await row('pgvector').textContent(), /0\.8\.0 → 0\.8\.7 on 15, 17, 17_6, 18/);
  assert.equal(await row('pgvector').getByRole('link', { name: /upstream/ }).first().getAttribute('href'), 'https://github.com/pgvector/pgvector/compare/v0.8.0...v0.8.7');
  assert.match(await row('pg_hashids').textContent(), /added/);
  assert.match(await row('old_thing').textContent(), /removed/);
  assert.equal(await row('pg_cron').count(), 0, 'that was before');
  assert.match(await page.locator('.lead').textContent(), /1 extension added, 1 extension removed, 1 extension changed/);
  // Since the one before that, and only between the two.
  await page.getByLabel('From', { exact: true }).selectOption('v1.0');
  await page.waitForFunction(() => document.querySelector('main').textContent.includes('preload nothing → pg_cron'));
  await page.getByLabel('To', { exact: true }).selectOption('v1.1');
  await page.waitForFunction(() => /^1 extension changed\.$/.test(document.querySelector('.lead').textContent));
  assert.match(await page.locator('main').textContent(), /pg_cron/);
  await page.goto(`${page.url().split('#')[0]}#/extension/pgvector`);
  await page.waitForSelector('.plain');
  assert.match(await page.locator('tr', { has: page.locator('th', { hasText: '0.8.7' }) }).textContent(), /2026-11-20/);
  await close();
}, { smoke: true });

test('by keyboard alone', async ({ open }) => {
  const { page, close } = await open('plain');
  const focused = () => page.evaluate(() => document.activeElement.textContent || document.activeElement.id);
  await page.keyboard.press('Tab');
  assert.match(await focused(), /Skip/);
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'Extensions');
  await page.keyboard.press('/');
  assert.equal(await focused(), 'search');
  await page.keyboard.type('cron');
  await page.keyboard.press('ArrowDown');
  assert.equal(await focused(), 'pg_cron');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.detail');
  assert.equal(await focused(), 'pg_cron', 'the heading has the focus');
  await page.keyboard.press('/');
  await page.waitForFunction(() => document.activeElement.id === 'search');
  assert.equal(await page.inputValue('#search'), 'cron');
  await page.keyboard.press('Escape');
  assert.equal(await page.inputValue('#search'), '');
  // A box of a facet keeps the focus while what it says is shown.
  await box(page, 'is', 'preload').focus();
  await page.keyboard.press('Space');
  await page.waitForFunction(() => location.hash.includes('is=preload'));
  assert.equal(await page.evaluate(() => document.activeElement.value), 'preload');
  // So does the head of a column, and a choice.
  await page.locator('[data-sort="17"]').focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('sort=17'));
  assert.equal(await page.evaluate(() => document.activeElement.dataset.sort), '17');
  await page.evaluate(() => { location.hash = '#/compare?a=15&b=17'; });
  await page.waitForSelector('.compare');
  await page.getByLabel('From', { exact: true }).focus();
  await page.keyboard.press('ArrowDown');
  await page.waitForFunction(() => location.hash.includes('a=16'));
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'SELECT');
  // Every stop can be seen.
  await page.evaluate(() => { location.hash = '#/'; });
  await page.waitForSelector('.matrix');
  for (let step = 0; step < 25; step += 1) {
    await page.keyboard.press('Tab');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, 'none', await focused());
  }
  await close();
});

test('text that would be markup is text', async ({ open }) => {
  const { page, close } = await open('hostile');
  for (const hash of ['#/', '#/extension/pgvector', '#/extension/plv8', '#/extension/vchord', '#/extension/pg_cron', '#/postgresql/17', '#/left-out', '#/?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E', '#/extension/%3Cimg%20src%3Dx%3E']) {
    await page.evaluate((next) => { location.hash = next; }, hash);
    await page.waitForTimeout(60);
    assert.equal(await page.locator('img, iframe, object').count(), 0, hash);
    assert.equal(await page.locator('script').count(), 2, hash);
    assert.equal(await page.locator('a[href^="javascript"]').count(), 0, hash);
    assert.equal(await page.evaluate(() => window.taken), undefined, hash);
  }
  await page.evaluate(() => { location.hash = '#/extension/pgvector'; });
  await page.waitForSelector('.lead');
  assert.equal(await page.locator('.lead').textContent(), HOSTILE);
  assert.match(await page.locator('.holes').textContent(), /<img/);
  assert.match(await page.locator('.detail').textContent(), /1\.2 MB, closure 46 MB/);
  await close();
}, { smoke: true });

test('the policy holds, were the program wrong', async ({ open }) => {
  const { page, close } = await open('plain', '', { complains: true });
  const outcome = await page.evaluate(async () => {
    const tried = {};
    try { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.taken = 1">'); tried.markup = 'made'; } catch { tried.markup = 'refused'; }
    try { const script = document.createElement('script'); script.textContent = 'window.taken = 2'; document.body.append(script); } catch { tried.script = 'refused'; }
    try { await fetch('https://example.org/'); tried.fetch = 'done'; } catch { tried.fetch = 'refused'; }
    const style = document.createElement('style');
    style.textContent = 'body { background: url(https://example.org/x) }';
    document.head.append(style);
    await new Promise((done) => { setTimeout(done, 100); });
    return { ...tried, taken: window.taken ?? null, rules: style.sheet?.cssRules.length ?? 0 };
  });
  assert.deepEqual(outcome, { markup: 'refused', script: 'refused', fetch: 'refused', taken: null, rules: 0 });
  const complaints = await close();
  assert.equal(complaints.filter((line) => line.startsWith('request:')).length, 0, complaints.join('\n'));
});

test('colours follow the system, and whoever chooses others', async ({ open }) => {
  const { page, close } = await open('plain', '', { colorScheme: 'dark' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.click('.theme');
  const light = await ground();
  assert.notEqual(light, dark);
  await page.reload();
  await page.waitForSelector('.matrix');
  assert.equal(await ground(), light, 'remembered');
  await page.click('.theme');
  assert.equal(await ground(), dark);
  await close();
});

test('a phone shows it without scrolling sideways', async ({ open }) => {
  for (const hash of ['#/', '#/extension/pgvector', '#/compare', '#/postgresql/17', '#/left-out']) {
    const { page, close } = await open('plain', hash, { viewport: { width: 375, height: 740 }, hasTouch: true });
    const { wide, inner } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, inner: innerWidth }));
    assert.ok(wide <= inner, `${hash}: ${wide} > ${inner}`);
    await close();
  }
}, { smoke: true });

test('print has the table and not the controls', async ({ open }) => {
  const { page, close } = await open('plain');
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('.facets').isVisible(), false);
  assert.equal(await page.locator('#search').isVisible(), false);
  assert.equal(await page.locator('.matrix').isVisible(), true);
  assert.ok((await page.pdf({ format: 'A4' })).length > 10_000);
  await close();
});

test('2,000 extensions, a page at once', async ({ open }) => {
  const { page, close } = await open('large');
  assert.equal((await names(page)).length, 40);
  assert.equal(await page.locator('.found').textContent(), '2,000 extensions');
  const first = (await names(page))[0];
  await page.getByRole('link', { name: 'Next →' }).click();
  await page.waitForFunction(() => location.hash.includes('page=2'));
  assert.notEqual((await names(page))[0], first);
  await page.fill('#search', 'adaptive vectr');
  assert.ok((await names(page)).length > 0);
  assert.match((await names(page))[0], /adaptive_vector/);
  assert.equal((await query(page)).has('page'), false);
  await close();
}, { smoke: true });

/** Every view; the first few have most of what there is. */
const VIEWS = [
  '#/?q=vector&is=preload&pg=17&all=1', '#/extension/timescaledb', '#/changes',
  '#/', '#/?is=left-out', '#/extension/pgvector', '#/servers', '#/postgresql/17', '#/compare?a=15&b=18', '#/left-out', '#/nowhere/x',
];

async function accessible({ open, axe }, views, settings) {
  const found = [];
  for (const hash of views) {
    const { page, close } = await open('history', hash, settings);
    // Evaluated by the debugger, which no policy holds.
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const said = (node) => `${node.html.slice(0, 140)} ${node.any[0]?.message ?? ''}`;
    for (const { id, nodes } of violations) found.push(`${hash} ${id}: ${nodes.slice(0, 3).map(said).join('\n    ')}`);
    await close();
  }
  assert.deepEqual(found, []);
}

test('accessible, in short', (tools) => accessible(tools, VIEWS.slice(0, 3), {}), { smoke: true });
for (const colorScheme of ['light', 'dark']) {
  for (const [width, height] of [[1280, 900], [375, 740]]) {
    test(`accessible: ${colorScheme}, ${width} wide`, (tools) => accessible(tools, VIEWS, { colorScheme, viewport: { width, height } }));
  }
}
