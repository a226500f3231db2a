import { createInputCheck, type FieldSchema, isFileField, isSecretField } from '@hearth/contract';

/** What a person is given to set an input with. */
export type Control =
  | { readonly kind: 'choice'; readonly choices: readonly unknown[] }
  | { readonly kind: 'switch' }
  | { readonly kind: 'slider'; readonly min: number; readonly max: number; readonly step: number }
  | { readonly kind: 'number'; readonly whole: boolean }
  | { readonly kind: 'file' }
  | { readonly kind: 'files' }
  | { readonly kind: 'secret' }
  | { readonly kind: 'line' }
  | { readonly kind: 'text' }
  | { readonly kind: 'list'; readonly item: Control }
  /** Anything that JSON can write: objects, lists of them, and inputs of which the schema says no type. */
  | { readonly kind: 'json' };

/** On a longer way, a slider's pixel is so many steps that no value can be hit. */
const MOST_SLIDER_STEPS = 10_000;
/** Texts that cannot be longer fit a line. */
const LONGEST_LINE = 120;

export function controlOf(field: FieldSchema): Control {
  const choices = field.enum?.filter((choice) => choice !== null) ?? [];
  if (choices.length > 0) return { kind: 'choice', choices };
  if (isSecretField(field)) return { kind: 'secret' };
  switch (field.type) {
    case 'boolean':
      return { kind: 'switch' };
    case 'integer':
    case 'number':
      return numberControl(field);
    case 'string':
      if (isFileField(field)) return { kind: 'file' };
      return { kind: field.maxLength !== undefined && field.maxLength <= LONGEST_LINE ? 'line' : 'text' };
    case 'array':
      return listControl(field);
    default:
      return { kind: 'json' };
  }
}

function numberControl({ type, minimum, maximum }: FieldSchema): Control {
  const whole = type === 'integer';
  if (minimum === undefined || maximum === undefined || minimum >= maximum) return { kind: 'number', whole };
  const step = whole ? 1 : fineStep(maximum - minimum);
  if ((maximum - minimum) / step > MOST_SLIDER_STEPS) return { kind: 'number', whole };
  return {
    kind: 'slider',
    min: whole ? Math.ceil(minimum) : minimum,
    max: whole ? Math.floor(maximum) : maximum,
    step,
  };
}

/** A power of ten that divides the way into 100 to 1,000 steps. */
const fineStep = (way: number): number => 10 ** (Math.floor(Math.log10(way)) - 2);

function listControl({ items }: FieldSchema): Control {
  if (items === undefined) return { kind: 'json' };
  if (isFileField(items)) return { kind: 'files' };
  const item = controlOf(items);
  return item.kind === 'list' || item.kind === 'json' ? { kind: 'json' } : { kind: 'list', item };
}

/** Whether the api would take this value for this field. */
export function fits(field: FieldSchema, value: unknown): boolean {
  const check = createInputCheck({ properties: { it: field }, required: ['it'] });
  return check({ it: value }).issues.length === 0;
}

/** A default that the form can begin with. Some authors write one that their own schema refuses, such as `""` for a file. */
export const defaultOf = (field: FieldSchema): unknown =>
  field.default !== undefined && field.default !== null && fits(field, field.default) ? field.default : undefined;
