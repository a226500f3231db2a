import type { InvalidField } from '@hearth/contract';
import { invalidFields } from '../problem.ts';

/** Deeper than this, an input is refused: no model needs it, and readers of the row would run out of stack. */
const DEEPEST_INPUT = 64;

export interface FoundString {
  /** Dotted, beginning with `input`. */
  readonly path: string;
  readonly text: string;
}

/**
 * Every string in an input. Refuses what JSON can write and nothing can hold: values nested deeper than
 * {@link DEEPEST_INPUT}, and numbers such as `1e400`, which would reach the model as null.
 * @throws Problem `invalid-input`
 */
export function stringsIn(input: Readonly<Record<string, unknown>>): FoundString[] {
  const found: FoundString[] = [];
  const issues: InvalidField[] = [];
  const open: { value: unknown; path: string; depth: number }[] = [{ value: input, path: 'input', depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path, depth } = next;
    if (depth > DEEPEST_INPUT) {
      const description = `is nested deeper than ${DEEPEST_INPUT} levels`;
      throw invalidFields('invalid-input', [{ type: 'depth', field: 'input', description }]);
    }
    if (typeof value === 'string') found.push({ path, text: value });
    else if (typeof value === 'number' && !Number.isFinite(value)) {
      issues.push({ type: 'number_out_of_range', field: path, description: 'is larger than a number can be' });
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        open.push({ value: inner, path: `${path}.${key}`, depth: depth + 1 });
      }
    }
  }
  if (issues.length > 0) throw invalidFields('invalid-input', issues);
  return found;
}
