import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema';
import { type FieldSchema, type InputSchema, isFileField, isSecretField } from '../south/schema.ts';
import type { InvalidField } from './errors.ts';

type Input = Readonly<Record<string, unknown>>;

/** What an input comes to. */
export interface CheckedInput {
  /** As the container gets it. */
  readonly input: Record<string, unknown>;
  /** One for each thing that is wrong; empty: it is taken. */
  readonly issues: InvalidField[];
}

/**
 * Checks inputs against the `Input` schema of a version; without one, anything is taken. The api refuses by it and the web
 * UI's form tells by it, so that both say the same. Nothing is evaluated, which a page's content security policy forbids.
 *
 * Strict: nothing is coerced and unknown fields are refused. A null for an optional field means "left out" (Python clients
 * send it) and is taken out, because most Cog versions refuse it. Names of issues are those that Replicate's answers carry
 * (`number_gte`, `additional_property_not_allowed`, …).
 */
export function createInputCheck(schema: InputSchema | null): (input: Input) => CheckedInput {
  if (schema === null) return (input) => ({ input: { ...input }, issues: [] });
  const { properties, required } = schema;
  const checks = new Map(Object.entries(properties).map(([name, field]) => [name, createFieldCheck(name, field)]));
  const optional = Object.entries(properties).filter(([name, field]) => !required.includes(name) && !field.nullable);
  const leftOutByNull = new Set(optional.map(([name]) => name));

  return (given) => {
    const input = Object.fromEntries(
      Object.entries(given).filter(([name, value]) => value !== null || !leftOutByNull.has(name)),
    );
    const issues: InvalidField[] = required
      .filter((name) => !Object.hasOwn(input, name))
      .map((name) => ({ type: 'required', field: `input.${name}`, description: 'is required' }));
    for (const [name, value] of Object.entries(input)) {
      const check = checks.get(name);
      if (check) issues.push(...check(value));
      else issues.push(unknownField(name, [...checks.keys()]));
    }
    return { input, issues };
  };
}

const unknownField = (name: string, known: readonly string[]): InvalidField => ({
  type: 'additional_property_not_allowed',
  field: `input.${name}`,
  description: `is not an input of this version; allowed: ${known.length > 0 ? known.join(', ') : 'none'}`,
});

function createFieldCheck(name: string, field: FieldSchema): (value: unknown) => InvalidField[] {
  const validator = new Validator(jsonSchema(field), '2020-12', false);
  return (value) => {
    const { errors } = validator.validate(value);
    // Containers of other errors: what they hold stands beside them in the list.
    const leaves = errors.filter(({ keyword }) => !['properties', 'items', 'allOf', '$ref'].includes(keyword));
    const issues = leaves.map((error) => describe(error, name, field, value));
    return issues.length > 0 ? issues : badFiles(name, field, value);
  };
}

/** What a plain validator should see: OpenAPI's `nullable` in its words, and no pattern that JavaScript cannot read. */
function jsonSchema(field: FieldSchema): Schema {
  const { nullable, format: _checkedByBadFiles, type, enum: choices, items, properties, pattern, ...rest } = field;
  return {
    ...rest,
    ...(type !== undefined && { type: nullable ? [type, 'null'] : type }),
    ...(choices !== undefined && { enum: nullable ? [...choices, null] : [...choices] }),
    ...(items !== undefined && { items: jsonSchema(items) }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, jsonSchema(inner)])),
    }),
    // Patterns are Python's. One that JavaScript cannot read is left to the container.
    ...(pattern !== undefined && isReadable(pattern) && { pattern }),
  } as Schema;
}

function isReadable(pattern: string): boolean {
  try {
    RegExp(pattern, 'u');
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function describe(error: OutputUnit, name: string, root: FieldSchema, value: unknown): InvalidField {
  const steps = error.instanceLocation.split('/').slice(1);
  let field: FieldSchema | undefined = root;
  let found = value;
  for (const step of steps) {
    field = field?.items ?? field?.properties?.[step];
    found = (found as Record<string, unknown>)[step];
  }
  const [type, description] = inWords(error, field ?? {}, shown(found, isSecret(root)), found, isSecret(root));
  return { type, field: ['input', name, ...steps].join('.'), description };
}

const isSecret = (field: FieldSchema): boolean =>
  isSecretField(field) || (field.items !== undefined && isSecret(field.items));

function inWords(
  error: OutputUnit,
  field: FieldSchema,
  value: string,
  found: unknown,
  secret: boolean,
): [type: string, words: string] {
  switch (error.keyword) {
    case 'type':
      return ['invalid_type', `${value} is ${kindOf(found)}; it must be ${article(field.type ?? 'value')}`];
    case 'enum':
      return [
        'enum',
        `${value} is not allowed; choose one of ${(field.enum ?? []).map((choice) => JSON.stringify(choice)).join(', ')}`,
      ];
    case 'minimum':
      return ['number_gte', `${value} is less than the minimum, ${field.minimum}`];
    case 'maximum':
      return ['number_lte', `${value} is more than the maximum, ${field.maximum}`];
    case 'minLength':
      return ['string_gte', `${value} is shorter than the minimum, ${field.minLength} characters`];
    case 'maxLength':
      return ['string_lte', `${value} is longer than the maximum, ${field.maxLength} characters`];
    case 'pattern':
      return ['pattern', `${value} does not match ${field.pattern}`];
    default:
      // The validator's own words may quote the value.
      return [error.keyword, secret ? `${value} is not allowed` : error.error];
  }
}

/** File fields hold an http(s) URL or a data URL, wherever they stand. */
function badFiles(path: string, field: FieldSchema, value: unknown): InvalidField[] {
  if (Array.isArray(value)) {
    const { items } = field;
    return items === undefined ? [] : value.flatMap((item, at) => badFiles(`${path}.${at}`, items, item));
  }
  if (!isFileField(field) || typeof value !== 'string') return [];
  if (isFileUrl(value)) return [];
  const description = `${shown(value, false)} is not a file; give an http(s) URL or a data URL`;
  return [{ type: 'format', field: `input.${path}`, description }];
}

const isFileUrl = (text: string): boolean => {
  if (/^data:[^,]*,/i.test(text)) return true;
  return /^https?:\/\//i.test(text) && URL.canParse(text);
};

const LONGEST_SHOWN = 80;

function shown(value: unknown, secret: boolean): string {
  if (secret) return '[secret]';
  const text = JSON.stringify(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return article(typeof value);
}

const article = (noun: string): string => `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
