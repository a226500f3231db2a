/** Reading the input of a request as coglet does: checked by the JSON Schema, coerced by nobody. */
import type { CogInputIssue } from '@hearth/contract';
import { readInput } from './coerce.ts';
import type { FieldSpec, Fields } from './field.ts';

const JSON_TYPES: Readonly<Record<FieldSpec['kind'], string>> = {
  string: 'string',
  secret: 'string',
  file: 'string',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  list: 'array',
  choice: 'enum',
};

function isOfType(spec: FieldSpec, value: unknown): boolean {
  switch (spec.kind) {
    case 'integer':
      return Number.isInteger(value);
    case 'list':
      return Array.isArray(value) && value.every((item) => isOfType(spec.item, item));
    case 'choice':
      return spec.choices.some((choice) => choice === value);
    default:
      return typeof value === JSON_TYPES[spec.kind];
  }
}

function complaintAbout(spec: FieldSpec, value: unknown): string | null {
  if (isOfType(spec, value)) return null;
  if (spec.kind === 'choice')
    return `${JSON.stringify(value)} is not one of ${JSON.stringify(spec.choices).replaceAll(',', ', ')}`;
  return `${JSON.stringify(value)} is not of type "${JSON_TYPES[spec.kind]}"`;
}

/** As {@link readInput}, but a value of another type, null among them, is refused. */
export function readStrictInput(fields: Fields, raw: unknown): ReturnType<typeof readInput> {
  const issues: CogInputIssue[] = [];
  for (const [name, { spec }] of Object.entries(fields)) {
    const given =
      typeof raw === 'object' && raw !== null && Object.hasOwn(raw, name)
        ? (raw as Record<string, unknown>)[name]
        : undefined;
    const msg = given === undefined ? null : complaintAbout(spec, given);
    if (msg !== null) issues.push({ loc: ['body', 'input', name], msg, type: 'value_error' });
  }
  if (issues.length > 0) return { issues };
  const read = readInput(fields, raw);
  if ('values' in read) return read;
  return {
    issues: read.issues.map(({ loc, msg, type }) =>
      type === 'value_error.missing' ? { loc, msg: 'Field required', type } : { loc, msg, type: 'value_error' },
    ),
  };
}
