import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Who may import whom; `package.json` is the rule, and pnpm's isolated node_modules makes an undeclared import fail. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'packages/core': [],
  'packages/kit': [],
  'packages/contract': ['core'],
  'packages/store': ['core', 'kit'],
  'packages/queue': ['core', 'kit'],
  'packages/files': ['core', 'kit'],
  'packages/sim': ['core'],
  'packages/modelkit': ['contract'],
  'apps/api': ['contract', 'core', 'store', 'queue', 'files', 'kit'],
  'apps/scheduler': ['core', 'store', 'queue', 'kit'],
  'apps/dispatcher': ['contract', 'core', 'store', 'queue', 'files', 'kit'],
  'apps/cli': ['contract', 'kit', 'sim', 'store', 'queue'],
  'apps/web': ['contract'],
};

interface Manifest {
  readonly dependencies?: Record<string, string>;
}
const manifest = (folder: string): Manifest => JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
const houseImports = (folder: string): string[] =>
  Object.keys(manifest(folder).dependencies ?? {})
    .filter((name) => name.startsWith('@hearth/'))
    .map((name) => name.slice('@hearth/'.length));
const sources = (folder: string): string[] => globSync(`${folder}/src/**/*.{ts,tsx}`, { cwd: ROOT });

describe('the rooms import only what they may', () => {
  it.each(Object.entries(MAY_IMPORT).filter(([folder]) => existsSync(join(ROOT, folder))))('%s', (folder, allowed) => {
    expect(houseImports(folder).filter((name) => !allowed.includes(name))).toEqual([]);
    for (const file of sources(folder)) {
      const reached = [...readFileSync(join(ROOT, file), 'utf8').matchAll(/from '@hearth\/([a-z-]+)/g)].map(
        (m) => m[1],
      );
      expect(
        reached.filter((name) => name === undefined || !allowed.includes(name)),
        file,
      ).toEqual([]);
    }
  });

  it('every room under apps and packages is in the table, testkit apart', () => {
    const rooms = globSync('{apps,packages}/*/package.json', { cwd: ROOT }).map((file) => dirname(file));
    expect(rooms.filter((room) => room !== 'packages/testkit' && !(room in MAY_IMPORT))).toEqual([]);
  });
});

describe('core decides and does nothing else', () => {
  it.each(sources('packages/core'))('%s reads no clock, no chance and no outside', (file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    expect(text).not.toMatch(/\bDate\b|Math\.random|performance\.now|\bprocess\.|\bconsole\.|\bawait\b|setTimeout/);
    expect([...text.matchAll(/from '([^']+)'/g)].map((m) => m[1]).filter((from) => !from?.startsWith('./'))).toEqual(
      [],
    );
  });
});
