// @vitest-environment happy-dom
import { createInputCheck, type InputSchema, type InvalidField, inputSchemaOf } from '@hearth/contract';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, createElement, useState } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, describe, expect, it } from 'vitest';
import { controlOf, defaultOf, fits } from '../../src/features/playground/form/controls.ts';
import { InputForm } from '../../src/features/playground/form/input-form.tsx';
import { type FormValues, initialValues, inputOf, valuesOf } from '../../src/features/playground/form/values.ts';
import { COG_SCHEMAS } from './cog-schemas.ts';
import { type Person, personAt } from './person.ts';

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

let root: Root | undefined;
afterEach(() => {
  act(() => root?.unmount());
  document.body.innerHTML = '';
});

interface Opened {
  readonly person: Person;
  /** What was sent, the last one last. */
  readonly sent: Readonly<Record<string, unknown>>[];
}

function open(
  schema: InputSchema,
  start: FormValues = initialValues(schema),
  refused: readonly InvalidField[] = [],
): Opened {
  const sent: Readonly<Record<string, unknown>>[] = [];
  function Page() {
    const [values, setValues] = useState(start);
    const onSubmit = (tidy: FormValues) => sent.push(inputOf(schema, tidy));
    return createElement(InputForm, { id: 'it', schema, values, onChange: setValues, onSubmit, refused });
  }
  const box = document.createElement('div');
  document.body.append(box);
  const client = new QueryClient({ defaultOptions: { queries: { enabled: false } } });
  root = createRoot(box);
  act(() => root?.render(createElement(QueryClientProvider, { client }, createElement(Page))));
  return { person: personAt(box, 'it'), sent };
}

/** As the api reads the version. */
function schemaOf(openapi: unknown): InputSchema {
  const schema = inputSchemaOf(openapi);
  if (schema === null) throw new Error('no Input');
  return schema;
}

const CASES = COG_SCHEMAS.map(({ name, openapi }) => [name, schemaOf(openapi)] as const);
const missing = (schema: InputSchema) => {
  const start = inputOf(schema, initialValues(schema));
  return schema.required.filter((name) => !(name in start));
};

describe('a form of a version’s inputs', () => {
  it('is tried with 30 schemas and more', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(30);
  });

  it.each(CASES)('of %s: what is required is enough, and taken by the api', (_name, schema) => {
    const { person, sent } = open(schema);
    const left = missing(schema);
    for (const name of left) person.fill(name, schema.properties[name] ?? {});
    person.submit();
    expect(sent).toHaveLength(1);
    expect(createInputCheck(schema)(sent[0] ?? {}).issues).toEqual([]);
    expect(Object.keys(sent[0] ?? {})).toEqual(expect.arrayContaining([...schema.required]));
  });

  it.each(CASES)('of %s: all of it can be set, and is taken by the api', (_name, schema) => {
    const { person, sent } = open(schema);
    for (const [name, field] of Object.entries(schema.properties)) person.fill(name, field);
    person.submit();
    expect(createInputCheck(schema)(sent[0] ?? {}).issues).toEqual([]);
    // In the order in which the author wrote them.
    expect(Object.keys(sent[0] ?? {})).toEqual(Object.keys(schema.properties));
    // Opened again with what was sent, it sends the same.
    const again = open(schema, valuesOf(schema, sent[0] ?? {}));
    again.person.submit();
    expect(again.sent).toEqual([sent[0]]);
  });

  it.each(CASES)('of %s: what may be left out is left out where it is emptied', (_name, schema) => {
    const { person, sent } = open(schema);
    for (const [name, field] of Object.entries(schema.properties)) {
      if (schema.required.includes(name) && !field.nullable) {
        if (missing(schema).includes(name)) person.fill(name, field);
        continue;
      }
      if (controlOf(field).kind !== 'switch') person.fill(name, field);
      person.empty(name, field);
    }
    person.submit();
    expect(createInputCheck(schema)(sent[0] ?? {}).issues).toEqual([]);
    const optional = Object.entries(schema.properties).filter(([name]) => !schema.required.includes(name));
    for (const [name, field] of optional) {
      const { kind } = controlOf(field);
      // What has a default is sent empty, or the default would come back.
      const stays =
        kind === 'switch'
          ? defaultOf(field)
          : typeof defaultOf(field) === 'string' && kind !== 'choice' && fits(field, '')
            ? ''
            : undefined;
      if (kind !== 'list') expect(sent[0]?.[name], name).toEqual(stays);
    }
  });

  it.each(CASES.filter(([, schema]) => missing(schema).length > 0))(
    'of %s: where something is missing, nothing is sent, and its field says so',
    (_name, schema) => {
      const { person, sent } = open(schema);
      person.submit();
      expect(sent).toEqual([]);
      for (const name of missing(schema)) expect(person.wrong(name)).toBe('is required');
      expect(document.activeElement?.id).toBe(person.find(missing(schema)[0] ?? '')?.id);
    },
  );
});

describe('what is wrong', () => {
  const SCHEMA = schemaOf({
    components: {
      schemas: {
        Input: {
          properties: {
            steps: { type: 'integer', minimum: 1, maximum: 50 },
            words: { type: 'array', items: { type: 'string', minLength: 2 } },
          },
        },
      },
    },
  });

  it.each([
    ['words', 'ten', '"ten" is a string; it must be an integer'],
    ['a fraction', '1.5', '1.5 is a number; it must be an integer'],
    ['too little', '0', '0 is less than the minimum, 1'],
    ['too much', '51', '51 is more than the maximum, 50'],
  ])('with a number is said in the api’s words: %s', (_what, text, said) => {
    const { person, sent } = open(SCHEMA, { steps: Number.isNaN(Number(text)) ? text : Number(text) });
    person.submit();
    expect([sent, person.wrong('steps')]).toEqual([[], said]);
    expect(person.find('steps')?.getAttribute('aria-invalid')).toBe('true');
  });

  it('with an item of a list is said at that item', () => {
    const { person } = open(SCHEMA, { words: ['good', 'x'] });
    person.submit();
    expect([person.wrong('words_0'), person.wrong('words_1')]).toEqual([
      null,
      '"x" is shorter than the minimum, 2 characters',
    ]);
  });

  it('in the eyes of the api alone is said at its field too', () => {
    const refused = [{ type: 'format', field: 'input.words.1', description: 'names a file that is not yours' }];
    const { person } = open(SCHEMA, { words: ['good', 'better'] }, refused);
    expect(person.wrong('words_1')).toBe('names a file that is not yours');
  });
});
