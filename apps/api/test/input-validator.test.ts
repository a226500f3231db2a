import { describe, expect, it } from 'vitest';
import { createInputValidator } from '../src/predictions/input-validator.ts';
import { Problem } from '../src/problem.ts';
import { ECHO_SCHEMA } from './harness.ts';

const validate = createInputValidator(ECHO_SCHEMA);

function refusal(input: Record<string, unknown>, check = validate) {
  try {
    check(input);
  } catch (error) {
    if (error instanceof Problem) return { detail: error.message, fields: error.body().invalid_fields };
    throw error;
  }
  throw new Error(`${JSON.stringify(input)} was taken`);
}

describe('an input that fits', () => {
  it.each([
    ['the required field alone', { text: 'hi' }],
    ['a choice', { text: 'hi', mode: 'fail' }],
    ['both bounds', { text: 'x'.repeat(20), rate: 100 }],
    ['an integer where a number may stand', { text: 'hi', scale: 2 }],
    ['an http URL as a file', { text: 'hi', image: 'http://10.0.0.1:8000/a.png' }],
    ['a data URL as a file', { text: 'hi', image: 'data:image/png;base64,AAAA' }],
    ['a list of files', { text: 'hi', images: ['https://example.com/a.png', 'data:,x'] }],
    ['anything where the schema says nothing', { text: 'hi', any: { deep: [1, null] } }],
  ])('is taken as it is: %s', (_name, input) => {
    expect(validate(input)).toEqual(input);
  });

  it('loses a null that means "left out"', () => {
    expect(validate({ text: 'hi', rate: null, image: null })).toEqual({ text: 'hi' });
  });

  it('keeps a null that the schema allows', () => {
    const nullable = createInputValidator({
      components: { schemas: { Input: { properties: { seed: { anyOf: [{ type: 'integer' }, { type: 'null' }] } } } } },
    });
    expect(nullable({ seed: null })).toEqual({ seed: null });
    expect(refusal({ seed: 'x' }, nullable).detail).toBe('- input.seed: "x" is a string; it must be an integer');
  });
});

describe('an input that does not fit', () => {
  it.each([
    ['a missing field', {}, 'required', '- input.text: is required'],
    ['a null for a required field', { text: null }, 'invalid_type', '- input.text: null is null; it must be a string'],
    ['a wrong type', { text: 5 }, 'invalid_type', '- input.text: 5 is a number; it must be a string'],
    [
      'a number as text',
      { text: 'a', rate: '5' },
      'invalid_type',
      '- input.rate: "5" is a string; it must be an integer',
    ],
    ['a fraction', { text: 'a', rate: 1.5 }, 'invalid_type', '- input.rate: 1.5 is a number; it must be an integer'],
    ['too little', { text: 'a', rate: 0 }, 'number_gte', '- input.rate: 0 is less than the minimum, 1'],
    ['too much', { text: 'a', rate: 101 }, 'number_lte', '- input.rate: 101 is more than the maximum, 100'],
    ['too short', { text: '' }, 'string_gte', '- input.text: "" is shorter than the minimum, 1 characters'],
    [
      'too long',
      { text: 'x'.repeat(21) },
      'string_lte',
      `- input.text: "${'x'.repeat(21)}" is longer than the maximum, 20 characters`,
    ],
    [
      'no choice',
      { text: 'a', mode: 'maybe' },
      'enum',
      '- input.mode: "maybe" is not allowed; choose one of "ok", "fail"',
    ],
    ['against the pattern', { text: 'a', code: 'ab' }, 'pattern', '- input.code: "ab" does not match ^[A-Z]{3}$'],
    [
      'a path as a file',
      { text: 'a', image: '/etc/passwd' },
      'format',
      '- input.image: "/etc/passwd" is not a file; give an http(s) URL or a data URL',
    ],
    [
      'a file URL as a file',
      { text: 'a', image: 'file:///etc/passwd' },
      'format',
      '- input.image: "file:///etc/passwd" is not a file; give an http(s) URL or a data URL',
    ],
    [
      'a bad file in a list',
      { text: 'a', images: ['data:,x', 'x'] },
      'format',
      '- input.images.1: "x" is not a file; give an http(s) URL or a data URL',
    ],
    [
      'a wrong type in a list',
      { text: 'a', images: [1] },
      'invalid_type',
      '- input.images.0: 1 is a number; it must be a string',
    ],
  ])('is refused with the field, the value and what is allowed: %s', (_name, input, type, detail) => {
    const { detail: said, fields } = refusal(input);
    expect(said).toBe(detail);
    expect(fields?.map((field) => field.type)).toEqual([type]);
  });

  it('names unknown fields and those there are', () => {
    const { fields } = refusal({ text: 'a', texts: 'b' });
    expect(fields).toEqual([
      {
        type: 'additional_property_not_allowed',
        field: 'input.texts',
        description:
          'is not an input of this version; allowed: text, mode, rate, scale, loud, image, images, code, key, any',
      },
    ]);
  });

  it('names a field of Object.prototype as unknown', () => {
    expect(refusal({ text: 'a', constructor: null }).fields?.[0]?.field).toBe('input.constructor');
  });

  it('has a line for each field', () => {
    expect(refusal({ rate: 0, mode: 'x' }).detail.split('\n')).toHaveLength(3);
  });

  it('never shows a secret', () => {
    expect(refusal({ text: 'a', key: 'hunter2' }).detail).toBe(
      '- input.key: [secret] is longer than the maximum, 4 characters',
    );
  });

  it('shows only the beginning of a long value', () => {
    expect(refusal({ text: 'a', mode: 'y'.repeat(10_000) }).detail.length).toBeLessThan(200);
  });
});

it('a pattern that JavaScript cannot read is left to the container', () => {
  const python = createInputValidator({
    components: { schemas: { Input: { properties: { a: { type: 'string', pattern: '(?P<x>a)' } } } } },
  });
  expect(python({ a: 'zzz' })).toEqual({ a: 'zzz' });
});

it('a version without an Input schema takes any input', () => {
  expect(createInputValidator({})({ what: 'ever' })).toEqual({ what: 'ever' });
});
