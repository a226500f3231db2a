import { type FieldSchema, type InputSchema, isFileField, isSecretField } from './schema.ts';

/** Inputs of a version that are more than values, by name. */
export interface FieldKinds {
  /** Their URLs are opened for the model. */
  readonly files: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
}

/** A list of files or of secrets counts as one. `schema` null: nothing is known of the inputs. */
export function fieldKindsOf(schema: InputSchema | null): FieldKinds {
  const fields = Object.entries(schema?.properties ?? {});
  const named = (is: (field: FieldSchema) => boolean) =>
    new Set(fields.filter(([, field]) => holds(field, is)).map(([name]) => name));
  return { files: named(isFileField), secrets: named(isSecretField) };
}

const holds = (field: FieldSchema, is: (field: FieldSchema) => boolean): boolean =>
  is(field) || (field.items !== undefined && holds(field.items, is));

/** What a secret is sealed for: one input of one prediction. */
export const sealSubject = (predictionId: string, name: string): string => `${predictionId} ${name}`;

/** Stands in an input for a secret that was given: nobody but the model gets to see that. Replicate's docs promise as much. */
export const REDACTED = '[REDACTED]';
