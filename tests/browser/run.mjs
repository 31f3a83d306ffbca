// Drives a browser through the explorer's pages. `cargo xtask browser` installs what this needs and calls it:
// node run.mjs --program PROGRAM --root REPOSITORY --work FOLDER --chromium PROGRAM [--smoke] [--screenshots FOLDER]

import { parseArgs } from 'node:util';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { makePages } from './pages.mjs';
import { tests } from './tests.mjs';
import { measure } from './measure.mjs';
import { screenshots } from './screenshots.mjs';

const { values: options } = parseArgs({
  options: {
    program: { type: 'string' }, root: { type: 'string' }, work: { type: 'string' }, chromium: { type: 'string' },
    modules: { type: 'string' }, smoke: { type: 'boolean' }, only: { type: 'string' }, screenshots: { type: 'string' },
  },
});
// Packages are in target/, not beside this file.
const require = createRequire(join(options.modules, 'package.json'));
const { chromium } = require('playwright-core');
const axe = require('axe-core');

const pages = makePages(options);
const urls = Object.fromEntries(Object.entries(pages).map(([name, path]) => [name, pathToFileURL(path).href]));
const browser = await chromium.launch({ executablePath: options.chromium, args: ['--no-sandbox', '--disable-gpu', '--force-prefers-reduced-motion'] });

/** A window of its own, in which nothing may go wrong and nothing leave the file. */
async function open(name, hash = '', settings = {}) {
  const { complains = false, ...rest } = settings;
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light', reducedMotion: 'reduce', ...rest });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) wrong.push(`console: ${message.text()}`); });
  page.on('request', (request) => { if (!request.url().startsWith(urls[name]) && !request.url().startsWith('data:')) wrong.push(`request: ${request.url()}`); });
  await page.goto(urls[name] + hash);
  await page.waitForSelector('h1');
  const close = async () => {
    await context.close();
    if (!complains && wrong.length > 0) throw new Error(wrong.join('\n'));
    return wrong;
  };
  return { page, close, wrong };
}

let failed = 0;
const began = Date.now();
const chosen = tests.filter(({ name, smoke }) => (options.only ? name.includes(options.only) : !options.smoke || smoke));
for (const { name, run } of chosen) {
  const start = Date.now();
  try {
    await run({ open, urls, axe });
    console.log(`ok    ${name} (${Date.now() - start} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}\n      ${String(error.stack ?? error).replaceAll('\n', '\n      ')}`);
  }
}
if (!options.only) await measure({ open });
if (options.screenshots) await screenshots({ open, folder: options.screenshots });
await browser.close();
console.log(`browser: ${chosen.length - failed} passed, ${failed} failed in ${((Date.now() - began) / 1000).toFixed(1)} s`);
process.exit(failed > 0 || chosen.length === 0 ? 1 : 0);
