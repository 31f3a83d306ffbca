// The pictures of docs/explorer.md.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const PICTURES = [
  ['matrix', 'history', '#/', { colorScheme: 'light', viewport: { width: 1280, height: 800 } }],
  ['extension', 'history', '#/extension/pgvector?pg=17', { colorScheme: 'dark', viewport: { width: 1280, height: 800 } }],
  ['changes', 'history', '#/changes?from=v1.0', { colorScheme: 'light', viewport: { width: 1280, height: 640 } }],
  ['phone', 'history', '#/?q=search', { colorScheme: 'dark', viewport: { width: 390, height: 780 } }],
];

export async function screenshots({ open, folder }) {
  mkdirSync(folder, { recursive: true });
  for (const [name, from, hash, settings] of PICTURES) {
    const { page, close } = await open(from, hash, settings);
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await close();
  }
}
