import { type FieldSchema, type InputSchema, isFileField, isSecretField } from '@hearth/contract';
import type { FoundString } from './strings.ts';

/** Inputs of a version that are more than values, by name. */
export interface FieldKinds {
  /** Their URLs are opened for the model. */
  readonly files: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
}

/** `schema` null: nothing is known of the inputs. */
export function fieldKindsOf(schema: InputSchema | null): FieldKinds {
  const named = (is: (field: FieldSchema) => boolean): ReadonlySet<string> => {
    const holds = (field: FieldSchema): boolean => is(field) || (field.items !== undefined && holds(field.items));
    const fields = Object.entries(schema?.properties ?? {});
    return new Set(fields.filter(([, field]) => holds(field)).map(([name]) => name));
  };
  return { files: named(isFileField), secrets: named(isSecretField) };
}

/** The http(s) URLs among these strings that stand in a field of files. */
export const fileUrlsIn = (strings: readonly FoundString[], { files }: FieldKinds): FoundString[] =>
  strings.filter(({ path, text }) => files.has(path.split('.')[1] ?? '') && /^https?:\/\//i.test(text));
