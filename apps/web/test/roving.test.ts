import { expect, it } from 'vitest';
import { steppedBy } from '../src/ui/roving.ts';

it.each([
  ['ArrowRight', 0, 3, 1],
  ['ArrowRight', 2, 3, 0],
  ['ArrowLeft', 0, 3, 2],
  ['ArrowDown', 1, 3, 2],
  ['ArrowUp', 1, 3, 0],
  ['Home', 2, 3, 0],
  ['End', 0, 3, 2],
  ['a', 0, 3, null],
  ['ArrowRight', 0, 0, null],
])('%s at %i of %i leads to %s', (key, index, count, next) => expect(steppedBy(key, index, count)).toBe(next));
