import {
  createInputCheck,
  type FieldSchema,
  fieldKindsOf,
  type InputSchema,
  type InvalidField,
  REDACTED,
} from '@hearth/contract';
import { controlOf, defaultOf } from './controls.ts';

/** What stands in the form: by the input's name, undefined where nothing does. */
export type FormValues = Readonly<Record<string, unknown>>;
export type Input = Readonly<Record<string, unknown>>;

/** What a new form begins with: the defaults. A required switch stands somewhere from the start: at off. */
export function initialValues({ properties, required }: InputSchema): FormValues {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, field]) => {
      const value = defaultOf(field) ?? (required.includes(name) ? whereNothingIsSet(field) : undefined);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** What a required control shows before anybody has touched it, where that is a value. */
function whereNothingIsSet(field: FieldSchema): unknown {
  const { kind } = controlOf(field);
  if (kind === 'switch') return false;
  return kind === 'list' || kind === 'files' ? [] : undefined;
}

/**
 * What is sent: all that stands in the form. What is not set is left out, so that the model's own default counts; where it
 * must be there and may be null, it is null.
 */
export function inputOf({ properties, required }: InputSchema, values: FormValues): Input {
  const sent = Object.entries(values).flatMap(([name, value]): [string, unknown][] => {
    const field = properties[name];
    const kept = field === undefined ? value : keptOf(field, value, required.includes(name));
    return kept === undefined ? [] : [[name, kept]];
  });
  const unset = required.filter((name) => properties[name]?.nullable && !sent.some(([given]) => given === name));
  return inOrderOf(properties, {
    ...Object.fromEntries(sent),
    ...Object.fromEntries(unset.map((name) => [name, null])),
  });
}

function keptOf(field: FieldSchema, value: unknown, required: boolean): unknown {
  if (value === null) return field.nullable ? null : undefined;
  if (!Array.isArray(value)) return value;
  const rows = withoutBlankRows(value);
  const unset = rows.length === 0 && !required && defaultOf(field) === undefined;
  return unset ? undefined : rows;
}

/** A row that was added and never filled is nobody's item. */
const withoutBlankRows = (rows: readonly unknown[]): unknown[] =>
  rows.filter((row) => row !== undefined && row !== null);

const inOrderOf = (properties: InputSchema['properties'], input: Input): Input => {
  const known = Object.keys(properties).filter((name) => name in input);
  const others = Object.keys(input).filter((name) => !(name in properties));
  return Object.fromEntries([...known, ...others].map((name) => [name, input[name]]));
};

/**
 * The form for an input that was sent before, or written as JSON. A null that means "left out" is left out, and so is what
 * stands for a secret: it has to be given again.
 */
export function valuesOf(schema: InputSchema, input: Input): FormValues {
  const { secrets } = fieldKindsOf(schema);
  const isHidden = (name: string, value: unknown) => secrets.has(name) && [value].flat().includes(REDACTED);
  return Object.fromEntries(
    Object.entries(input).filter(
      ([name, value]) => !isHidden(name, value) && (value !== null || schema.properties[name]?.nullable === true),
    ),
  );
}

/** What the api would say to this form, item by item. Nothing: it would take it. */
export function issuesOf(schema: InputSchema, values: FormValues): readonly InvalidField[] {
  return createInputCheck(schema)(inputOf(schema, values)).issues;
}

/** Lists without the rows that are not sent: errors of the api count the items that it was sent. */
export const tidied = (values: FormValues): FormValues =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Array.isArray(value) ? withoutBlankRows(value) : value]),
  );
