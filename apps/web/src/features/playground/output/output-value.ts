import { type FieldSchema, isConcatenatedOutput, isIteratorOutput } from '@hearth/contract';
import { isFileUrl } from '../files/media.ts';

/** How an output is shown. */
export type Shown =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'files'; readonly urls: readonly string[] }
  | { readonly kind: 'list'; readonly items: readonly Shown[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [name: string, value: Shown])[] }
  | { readonly kind: 'json'; readonly text: string };

/** `schema`: the version's output; null where it says none, or another version's is all there is. */
export function shownOf(output: unknown, schema: FieldSchema | null): Shown {
  if (output === null || output === undefined) return { kind: 'nothing' };
  if (Array.isArray(output)) return shownList(output, schema);
  if (isFileUrl(output)) return { kind: 'files', urls: [output] };
  if (typeof output === 'object') {
    const entries = Object.entries(output).map(([name, value]) => [name, shownOf(value, null)] as const);
    return holdsFile(entries) ? { kind: 'object', entries } : asJson(output);
  }
  return { kind: 'text', text: typeof output === 'string' ? output : JSON.stringify(output) };
}

function shownList(items: readonly unknown[], schema: FieldSchema | null): Shown {
  if (items.length === 0) return { kind: 'nothing' };
  if (items.every(isFileUrl)) return { kind: 'files', urls: items };
  const texts = items.every((item) => typeof item === 'string');
  if (texts && (schema === null || isConcatenatedOutput(schema))) return { kind: 'text', text: items.join('') };
  if (items.some((item) => typeof item === 'object' && item !== null)) return asJson(items);
  return { kind: 'list', items: items.map((item) => shownOf(item, schema?.items ?? null)) };
}

const holdsFile = (entries: readonly (readonly [string, Shown])[]): boolean =>
  entries.some(([, value]) => value.kind === 'files');

const asJson = (value: unknown): Shown => ({ kind: 'json', text: JSON.stringify(value, null, 2) });

/**
 * The output so far, as the prediction itself would carry it. A version that does not yield piece by piece gives all of it
 * in one event, at its end.
 */
export function outputSoFar(items: readonly string[], schema: FieldSchema | null): unknown {
  if (items.length === 0) return null;
  const values = items.map((item) => (carriesJson(schema) ? parsed(item) : item));
  return schema !== null && !isIteratorOutput(schema) ? values[0] : values;
}

/** Texts and files come as they are, everything else as JSON. */
const carriesJson = (schema: FieldSchema | null): boolean => {
  const item = schema?.type === 'array' && isIteratorOutput(schema) ? schema.items : schema;
  return item?.type !== undefined && item.type !== 'string';
};

function parsed(item: string): unknown {
  try {
    return JSON.parse(item);
  } catch {
    // The model gave a text where its schema says something else.
    return item;
  }
}
