/**
 * Reading the input of a request as Cog's generations A and B do: types are coerced, unknown keys are dropped, and
 * messages, types and contexts of refusals are those of pydantic 1 (recorded from Cog 0.9.26 and 0.16.12).
 */
import type { CogInputIssue } from '@hearth/contract';
import type { FieldSpec, Fields } from './field.ts';

type Loc = readonly (string | number)[];
type Read = { readonly value: unknown } | { readonly issues: readonly CogInputIssue[] };

const refuse = (loc: Loc, msg: string, type: string, ctx?: Record<string, unknown>): Read => ({
  issues: [{ loc, msg, type, ...(ctx && { ctx }) }],
});

const INTEGER_TEXT = /^\s*[+-]?\d+\s*$/;
const TRUE_TEXTS = new Set(['1', 'on', 't', 'true', 'y', 'yes']);
const FALSE_TEXTS = new Set(['0', 'off', 'f', 'false', 'n', 'no']);

function toNumber(raw: unknown, integer: boolean): number | null {
  if (typeof raw === 'boolean') return raw ? 1 : 0;
  if (typeof raw === 'number') return integer ? Math.trunc(raw) : raw;
  if (typeof raw !== 'string' || raw.trim() === '') return null;
  if (integer && !INTEGER_TEXT.test(raw)) return null;
  const value = Number(raw);
  return Number.isFinite(value) ? value : null;
}

function readNumber(spec: FieldSpec & { kind: 'integer' | 'number' }, raw: unknown, loc: Loc): Read {
  const integer = spec.kind === 'integer';
  const value = toNumber(raw, integer);
  if (value === null) {
    return integer
      ? refuse(loc, 'value is not a valid integer', 'type_error.integer')
      : refuse(loc, 'value is not a valid float', 'type_error.float');
  }
  const limit = (bound: number) => ({ limit_value: bound });
  if (spec.min !== undefined && value < spec.min) {
    const msg = `ensure this value is greater than or equal to ${spec.min}`;
    return refuse(loc, msg, 'value_error.number.not_ge', limit(spec.min));
  }
  if (spec.max !== undefined && value > spec.max) {
    const msg = `ensure this value is less than or equal to ${spec.max}`;
    return refuse(loc, msg, 'value_error.number.not_le', limit(spec.max));
  }
  return { value };
}

function readText(raw: unknown, loc: Loc): { readonly value: string } | { readonly issues: readonly CogInputIssue[] } {
  if (typeof raw === 'string') return { value: raw };
  if (typeof raw === 'number') return { value: String(raw) };
  if (typeof raw === 'boolean') return { value: raw ? 'True' : 'False' };
  return { issues: [{ loc, msg: 'str type expected', type: 'type_error.str' }] };
}

function readString(spec: FieldSpec & { kind: 'string' }, raw: unknown, loc: Loc): Read {
  const read = readText(raw, loc);
  if ('issues' in read) return read;
  // Code points, as Python counts.
  const length = Array.from(read.value).length;
  if (spec.minLength !== undefined && length < spec.minLength) {
    const msg = `ensure this value has at least ${spec.minLength} characters`;
    return refuse(loc, msg, 'value_error.any_str.min_length', { limit_value: spec.minLength });
  }
  if (spec.maxLength !== undefined && length > spec.maxLength) {
    const msg = `ensure this value has at most ${spec.maxLength} characters`;
    return refuse(loc, msg, 'value_error.any_str.max_length', { limit_value: spec.maxLength });
  }
  if (spec.pattern !== undefined && !new RegExp(`^(?:${spec.pattern})`, 'u').test(read.value)) {
    const msg = `string does not match regex "${spec.pattern}"`;
    return refuse(loc, msg, 'value_error.str.regex', { pattern: spec.pattern });
  }
  return read;
}

function readBoolean(raw: unknown, loc: Loc): Read {
  if (typeof raw === 'boolean') return { value: raw };
  const text = typeof raw === 'number' || typeof raw === 'string' ? String(raw).toLowerCase() : '';
  if (TRUE_TEXTS.has(text)) return { value: true };
  if (FALSE_TEXTS.has(text)) return { value: false };
  return refuse(loc, 'value could not be parsed to a boolean', 'type_error.bool');
}

function readChoice(spec: FieldSpec & { kind: 'choice' }, raw: unknown, loc: Loc): Read {
  if (spec.choices.some((choice) => choice === raw)) return { value: raw };
  const permitted = spec.choices.map((choice) => (typeof choice === 'string' ? `'${choice}'` : choice)).join(', ');
  const msg = `value is not a valid enumeration member; permitted: ${permitted}`;
  return refuse(loc, msg, 'type_error.enum', { enum_values: [...spec.choices] });
}

function readFile(raw: unknown, loc: Loc): Read {
  const read = readText(raw, loc);
  if ('issues' in read) return read;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(read.value)?.[1]?.toLowerCase() ?? '';
  if (scheme === 'data' || scheme === 'http' || scheme === 'https') return read;
  const msg = `'${scheme}' is not a valid URL scheme. 'data', 'http', or 'https' is supported.`;
  return refuse(loc, msg, 'value_error');
}

function readList(spec: FieldSpec & { kind: 'list' }, raw: unknown, loc: Loc): Read {
  if (!Array.isArray(raw)) return refuse(loc, 'value is not a valid list', 'type_error.list');
  const reads = raw.map((item, index) => readValue(spec.item, item, [...loc, index]));
  const issues = reads.flatMap((read) => ('issues' in read ? read.issues : []));
  return issues.length > 0 ? { issues } : { value: reads.map((read) => ('value' in read ? read.value : undefined)) };
}

/** Reads one value that is there. */
export function readValue(spec: FieldSpec, raw: unknown, loc: Loc): Read {
  if (raw === null) {
    const nullable = !spec.required && spec.default === undefined;
    if (nullable) return { value: null };
    return refuse(loc, 'none is not an allowed value', 'type_error.none.not_allowed');
  }
  switch (spec.kind) {
    case 'string':
      return readString(spec, raw, loc);
    case 'secret':
      return readText(raw, loc);
    case 'integer':
    case 'number':
      return readNumber(spec, raw, loc);
    case 'boolean':
      return readBoolean(raw, loc);
    case 'choice':
      return readChoice(spec, raw, loc);
    case 'file':
      return readFile(raw, loc);
    case 'list':
      return readList(spec, raw, loc);
  }
}

/**
 * The values of a request's `input`, with defaults filled in and unknown keys gone; files are still URLs and secrets
 * still strings. Or everything that is wrong with it, in the order of the fields.
 */
export function readInput(
  fields: Fields,
  raw: unknown,
): { readonly values: Record<string, unknown> } | { readonly issues: readonly CogInputIssue[] } {
  const loc = ['body', 'input'];
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { issues: [{ loc, msg: 'value is not a valid dict', type: 'type_error.dict' }] };
  }
  const values: Record<string, unknown> = {};
  const issues: CogInputIssue[] = [];
  for (const [name, { spec }] of Object.entries(fields)) {
    const given = Object.hasOwn(raw, name) ? (raw as Record<string, unknown>)[name] : undefined;
    if (given !== undefined) {
      const read = readValue(spec, given, [...loc, name]);
      if ('issues' in read) issues.push(...read.issues);
      else values[name] = read.value;
    } else if (spec.required) {
      issues.push({ loc: [...loc, name], msg: 'field required', type: 'value_error.missing' });
    } else {
      values[name] = spec.default ?? null;
    }
  }
  return issues.length > 0 ? { issues } : { values };
}
