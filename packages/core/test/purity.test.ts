import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const SRC = new URL('../src/', import.meta.url);
const files = readdirSync(SRC);

it.each(files)('%s reads no clock, no chance, and nothing outside its folder', (file) => {
  const source = readFileSync(new URL(file, SRC), 'utf8');
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  expect(code).not.toMatch(/\bDate\b|Math\.random|performance\b|process\b\.|setTimeout|setInterval|fetch\(|console\./);
  const imports = [...code.matchAll(/\bfrom '([^']+)'|\bimport\('([^']+)'\)/g)].map((m) => m[1] ?? m[2]);
  for (const path of imports) expect(path).toMatch(/^\.\/[a-z-]+\.ts$/);
});

it('index.ts re-exports every file', () => {
  const index = readFileSync(new URL('index.ts', SRC), 'utf8');
  expect(files.filter((f) => f !== 'index.ts' && !index.includes(`'./${f}'`))).toEqual([]);
});
