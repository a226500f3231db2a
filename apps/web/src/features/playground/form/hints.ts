import { type FieldSchema, isFileField, isSecretField } from '@hearth/contract';

/** What a field takes, in words. */
export interface Hint {
  readonly type: string;
  /** Default and bounds; null where there is nothing to say. */
  readonly allowed: string | null;
}

export function hintOf(field: FieldSchema): Hint {
  const said = [
    defaultWords(field),
    boundWords(field),
    field.pattern === undefined ? null : `matches ${field.pattern}`,
  ];
  const allowed = said.filter((word) => word !== null).join(' · ');
  return { type: typeWords(field), allowed: allowed === '' ? null : allowed };
}

export function typeWords(field: FieldSchema): string {
  if (field.enum !== undefined) return `one of ${field.enum.length}`;
  if (isSecretField(field)) return 'secret';
  if (isFileField(field)) return 'file';
  if (field.type === 'array') return field.items === undefined ? 'list' : `list of ${typeWords(field.items)}`;
  return field.type ?? 'anything';
}

const LONGEST_DEFAULT = 60;

function defaultWords({ default: value }: FieldSchema): string | null {
  if (value === undefined || value === null || value === '') return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `default: ${text.length > LONGEST_DEFAULT ? `${text.slice(0, LONGEST_DEFAULT)}…` : text}`;
}

function boundWords({ minimum, maximum, minLength, maxLength }: FieldSchema): string | null {
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `at least ${minimum}`;
  if (maximum !== undefined) return `at most ${maximum}`;
  if (minLength !== undefined && maxLength !== undefined) return `${minLength} to ${maxLength} characters`;
  if (minLength !== undefined) return `at least ${minLength} characters`;
  if (maxLength !== undefined) return `at most ${maxLength} characters`;
  return null;
}
