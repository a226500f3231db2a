import { inputSchemaOf, REDACTED } from '@hearth/contract';
import { expect, it } from 'vitest';
import { inputOf, valuesOf } from '../../src/features/playground/form/values.ts';

const secret = { type: 'string', format: 'password', 'x-cog-secret': true };
const schema = inputSchemaOf({
  components: {
    schemas: {
      Input: {
        type: 'object',
        required: ['token'],
        properties: { token: secret, more: { type: 'array', items: secret }, text: { type: 'string' } },
      },
    },
  },
});

it('a prediction that is tweaked asks for its secrets again', () => {
  if (schema === null) throw new Error('the schema has no inputs');
  const shown = { token: REDACTED, more: [REDACTED, REDACTED], text: REDACTED };
  expect(valuesOf(schema, shown)).toEqual({ text: REDACTED });
  expect(inputOf(schema, valuesOf(schema, shown))).toEqual({ text: REDACTED });
  expect(valuesOf(schema, { token: 'given', text: 'x' })).toEqual({ token: 'given', text: 'x' });
});
