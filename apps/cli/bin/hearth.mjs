#!/usr/bin/env node
// `hearth …` from anywhere, on any Node ≥ 18: the bootstrap sees to the rest. Plain JavaScript, for old ones.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
process.argv.splice(2, 0, join(root, 'apps', 'cli', 'src', 'main.ts'));
await import('../../../infra/bootstrap.mjs');
