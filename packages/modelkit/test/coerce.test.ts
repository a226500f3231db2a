import { describe, expect, it } from 'vitest';
import { readInput } from '../src/coerce.ts';
import { field } from '../src/index.ts';

const LOC = ['body', 'input', 'x'];
const read = (of: Parameters<typeof readInput>[0][string], x: unknown) => readInput({ x: of }, { x });

describe('values are coerced as pydantic 1 does', () => {
  it.each([
    ['a number to text', field.string(), 5, '5'],
    ['a text to an integer', field.integer(), '7', 7],
    ['a fraction to an integer, cut off', field.integer(), 7.9, 7],
    ['a boolean to an integer', field.integer(), true, 1],
    ['a text to a number', field.number(), ' 1e3 ', 1000],
    ['"yes" to true', field.boolean(), 'yes', true],
    ['0 to false', field.boolean(), 0, false],
    ['items of a list', field.list(field.integer()), ['1', 2], [1, 2]],
    ['null where it is optional', field.integer({ optional: true }), null, null],
    ['a URL of a file, left as it is', field.file(), 'HTTPS://x/y', 'HTTPS://x/y'],
  ])('%s', (_name, of, given, value) => {
    expect(read(of, given)).toEqual({ values: { x: value } });
  });

  it('defaults are filled in, null where there is none, and unknown keys are dropped', () => {
    const fields = { a: field.integer({ default: 3 }), b: field.string({ optional: true }), c: field.boolean() };
    expect(readInput(fields, { c: false, other: 1 })).toEqual({ values: { a: 3, b: null, c: false } });
  });

  it('a key of every object is not taken for an input', () => {
    expect(readInput({ toString: field.string({ optional: true }) }, {})).toEqual({ values: { toString: null } });
  });
});

describe('values are refused as pydantic 1 does', () => {
  it.each([
    [field.string(), {}, 'str type expected', 'type_error.str', undefined],
    [field.string(), null, 'none is not an allowed value', 'type_error.none.not_allowed', undefined],
    [field.string({ default: 'd' }), null, 'none is not an allowed value', 'type_error.none.not_allowed', undefined],
    [
      field.string({ minLength: 2 }),
      'é',
      'ensure this value has at least 2 characters',
      'value_error.any_str.min_length',
      { limit_value: 2 },
    ],
    [
      field.string({ maxLength: 1 }),
      'ab',
      'ensure this value has at most 1 characters',
      'value_error.any_str.max_length',
      { limit_value: 1 },
    ],
    [
      field.string({ pattern: '[a-c]+$' }),
      'abd',
      'string does not match regex "[a-c]+$"',
      'value_error.str.regex',
      { pattern: '[a-c]+$' },
    ],
    [field.integer(), '7.5', 'value is not a valid integer', 'type_error.integer', undefined],
    [field.integer(), '', 'value is not a valid integer', 'type_error.integer', undefined],
    [
      field.integer({ min: 1 }),
      0,
      'ensure this value is greater than or equal to 1',
      'value_error.number.not_ge',
      { limit_value: 1 },
    ],
    [field.number(), 'Infinity', 'value is not a valid float', 'type_error.float', undefined],
    [field.boolean(), 2, 'value could not be parsed to a boolean', 'type_error.bool', undefined],
    [
      field.choice([1, 2]),
      '1',
      'value is not a valid enumeration member; permitted: 1, 2',
      'type_error.enum',
      { enum_values: [1, 2] },
    ],
    [field.list(field.string()), 'a', 'value is not a valid list', 'type_error.list', undefined],
    [
      field.file(),
      'no url',
      "'' is not a valid URL scheme. 'data', 'http', or 'https' is supported.",
      'value_error',
      undefined,
    ],
  ])('%#: %j given %j', (of, given, msg, type, ctx) => {
    expect(read(of, given)).toEqual({ issues: [{ loc: LOC, msg, type, ...(ctx && { ctx }) }] });
  });

  it('an item of a list is named by its index', () => {
    expect(read(field.list(field.integer()), [1, 'x'])).toMatchObject({ issues: [{ loc: [...LOC, 1] }] });
  });

  it('an input that is no object', () => {
    expect(readInput({}, [])).toEqual({
      issues: [{ loc: ['body', 'input'], msg: 'value is not a valid dict', type: 'type_error.dict' }],
    });
  });
});
