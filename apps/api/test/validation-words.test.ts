import { expect, it } from 'vitest';
import { z } from 'zod';
import { validationWords } from '../src/plugins/validation-words.ts';

/** As Fastify's validator hands on what zod found. */
function wordsOf(schema: z.ZodType, value: unknown): string | undefined {
  const { error } = schema.safeParse(value);
  return error?.issues.map(({ code, path, message, ...params }) =>
    validationWords({ keyword: code, instancePath: `/${path.join('/')}`, message, params }),
  )[0];
}

it.each([
  ['what is lacking', z.number(), undefined, 'is required'],
  ['another type', z.string(), 1, 'must be a string'],
  ['another type than a list', z.array(z.string()), {}, 'must be a list'],
  ['a fraction', z.int(), 0.5, 'must be a whole number'],
  ['too much', z.int().max(5), 9, 'must be at most 5'],
  ['too little', z.int().min(1), 0, 'must be at least 1'],
  ['too long a text', z.string().max(3), 'abcd', 'must have at most 3 characters'],
  ['an empty text', z.string().min(1), '', 'must not be empty'],
  ['an empty list', z.array(z.string()).min(1), [], 'must not be empty'],
  ['too few', z.array(z.string()).min(2), ['a'], 'must have at least 2 items'],
  ['none of the words', z.enum(['predict', 'train']), 'x', 'must be "predict", "train"'],
  ['no instant', z.iso.datetime(), 'yesterday', 'must be an instant such as 2026-01-31T12:00:00Z'],
  ["the schema's own words", z.int({ error: 'Must be whole, or null' }), 'x', 'must be whole, or null'],
])('says of %s what is allowed', (_name, schema, value, words) => {
  expect(wordsOf(schema, value)).toBe(words);
});
