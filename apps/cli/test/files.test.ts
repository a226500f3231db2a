import { expect, test } from 'vitest';
import { sizeWords } from '../src/commands/files.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1.5 * 2 ** 20, '1.5 MiB'],
  [100 * 2 ** 20, '100 MiB'],
  [5000 * 2 ** 30, '5000 GiB'],
])('%i bytes are %s', (bytes, words) => expect(sizeWords(bytes)).toBe(words));
