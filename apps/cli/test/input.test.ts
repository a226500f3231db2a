import type { InputSchema } from '@hearth/contract';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../src/connect.ts';
import { coerceInput, FileInput, typedInput } from '../src/run-input.ts';

const schema: InputSchema = {
  required: ['prompt'],
  properties: {
    prompt: { type: 'string' },
    steps: { type: 'integer' },
    scale: { type: 'number' },
    tiled: { type: 'boolean' },
    size: { type: 'integer', enum: [256, 512] },
    style: { type: 'string', enum: ['flat', '1'] },
    image: { type: 'string', format: 'uri' },
    images: { type: 'array', items: { type: 'string', format: 'uri' } },
    weights: { type: 'array', items: { type: 'number' } },
    options: { type: 'object' },
  },
};
const coerced = (...pairs: string[]) => coerceInput(pairs.map(typedInput), schema);

describe('typed words become the values that the schema wants', () => {
  test.each([
    ['a text stays one, even when it reads as a number', 'prompt=42', { prompt: '42' }],
    ['only the first = parts key and value', 'prompt=a=b', { prompt: 'a=b' }],
    ['an empty value is an empty text', 'prompt=', { prompt: '' }],
    ['a whole number', 'steps=-3', { steps: -3 }],
    ['a number with an exponent', 'scale=1.5e3', { scale: 1500 }],
    ['a truth', 'tiled=yes', { tiled: true }],
    ['a falsehood', 'tiled=FALSE', { tiled: false }],
    ['a choice among numbers', 'size=512', { size: 512 }],
    ['a choice among texts that looks like a number', 'style=1', { style: '1' }],
    ['a list as JSON', 'weights=[0.5, 1]', { weights: [0.5, 1] }],
    ['a list of one', 'weights=0.5', { weights: [0.5] }],
    ['an object as JSON', 'options={"path": "x"}', { options: { path: 'x' } }],
    ['what the schema does not know stays text, for the server to refuse', 'nope=1', { nope: '1' }],
    ['@@ is a text that begins with @', 'prompt=@@home', { prompt: '@home' }],
  ])('%s', (_name, pair, expected) => {
    expect(coerced(pair)).toEqual(expected);
  });

  test('a key given twice is a list', () => {
    expect(coerced('weights=1', 'weights=2')).toEqual({ weights: [1, 2] });
  });

  test('@path is a file, also in a list', () => {
    const { image, images } = coerced('image=@/tmp/a.png', 'images=@/tmp/b.png', 'images=@/tmp/c.png');
    expect(image).toEqual(new FileInput('/tmp/a.png'));
    expect(images).toEqual([new FileInput('/tmp/b.png'), new FileInput('/tmp/c.png')]);
  });

  test('without a schema everything is text', () => {
    expect(coerceInput([{ key: 'steps', value: '3' }], null)).toEqual({ steps: '3' });
  });
});

describe('a value that cannot be meant is refused with what is allowed', () => {
  test.each([
    ['steps=1.5', 'steps is "1.5"; allowed: a whole number'],
    ['steps=', 'steps is ""; allowed: a whole number'],
    ['scale=fast', 'scale is "fast"; allowed: a number'],
    ['tiled=maybe', 'tiled is "maybe"; allowed: true or false'],
    ['options=[', 'options is "["; allowed: a JSON object'],
    ['weights=[1', 'weights is "[1"; allowed: a JSON array'],
  ])('%s', (pair, message) => {
    expect(() => coerced(pair)).toThrow(UsageError);
    expect(() => coerced(pair)).toThrow(message);
  });

  test.each(['prompt', '=x'])('%j is no pair', (pair) => {
    expect(() => typedInput(pair)).toThrow(`-i "${pair}" is not of the form key=value.`);
  });
});
