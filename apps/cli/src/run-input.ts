import type { Client, FieldSchema, InputSchema } from '@hearth/contract';
import { UsageError } from './connect.ts';
import { fromUsersFolder } from './repository.ts';
import { uploadFile } from './upload-file.ts';

/** `key=value` as it was typed; `@path` is a file, `@@text` a text that begins with @. */
export interface TypedInput {
  readonly key: string;
  readonly value: string;
}

/** A file of this machine that stands for its URL until it is uploaded. */
export class FileInput {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
}

/** @throws UsageError */
export function typedInput(pair: string): TypedInput {
  const at = pair.indexOf('=');
  if (at < 1) throw new UsageError(`-i "${pair}" is not of the form key=value.`);
  return { key: pair.slice(0, at), value: pair.slice(at + 1) };
}

export type InputValue = string | number | boolean | null | FileInput | readonly InputValue[] | Record<string, unknown>;

/**
 * Typed words as the values that the version's schema wants. A key given more than once is a list. What the schema does
 * not know is left as text: the server names it as unknown.
 * @throws UsageError naming the field, the value and what is allowed
 */
export function coerceInput(pairs: readonly TypedInput[], schema: InputSchema | null): Record<string, InputValue> {
  const grouped = Map.groupBy(pairs, ({ key }) => key);
  return Object.fromEntries(
    [...grouped].map(([key, given]) => {
      const field = schema?.properties[key] ?? {};
      const values = given.map(({ value }) => value);
      const [only] = values;
      if (field.type === 'array' || values.length > 1) return [key, listOf(key, values, field.items ?? {})];
      return [key, valueOf(key, only ?? '', field)];
    }),
  );
}

function listOf(key: string, values: readonly string[], items: FieldSchema): readonly InputValue[] {
  const [only] = values;
  if (values.length === 1 && only?.startsWith('[')) return parseJson(key, only, 'a JSON array') as InputValue[];
  return values.map((value) => valueOf(key, value, items));
}

function valueOf(key: string, text: string, { type, enum: choices }: FieldSchema): InputValue {
  if (text.startsWith('@@')) return text.slice(1);
  if (text.startsWith('@')) return new FileInput(fromUsersFolder(text.slice(1)));
  const choice = choices?.find((option) => String(option) === text);
  if (typeof choice === 'string' || typeof choice === 'number') return choice;
  if (type === 'integer') return numberOf(key, text, /^[+-]?\d+$/, 'a whole number');
  if (type === 'number') return numberOf(key, text, /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, 'a number');
  if (type === 'boolean') return booleanOf(key, text);
  if (type === 'object') return parseJson(key, text, 'a JSON object') as Record<string, unknown>;
  return text;
}

function numberOf(key: string, text: string, shape: RegExp, allowed: string): number {
  if (!shape.test(text)) throw wrong(key, text, allowed);
  return Number(text);
}

function booleanOf(key: string, text: string): boolean {
  if (['true', '1', 'yes'].includes(text.toLowerCase())) return true;
  if (['false', '0', 'no'].includes(text.toLowerCase())) return false;
  throw wrong(key, text, 'true or false');
}

function parseJson(key: string, text: string, allowed: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrong(key, text, `${allowed} (${error instanceof Error ? error.message : String(error)})`);
  }
}

const wrong = (key: string, text: string, allowed: string): UsageError =>
  new UsageError(`${key} is ${JSON.stringify(text)}; allowed: ${allowed}`);

/** Uploads every file of the input and puts its URL in its place. @throws UsageError where there is no such file */
export async function uploadFiles(client: Client, input: Record<string, InputValue>): Promise<Record<string, unknown>> {
  const replaced = async (value: InputValue): Promise<unknown> => {
    if (Array.isArray(value)) return Promise.all(value.map(replaced));
    return value instanceof FileInput ? (await uploadFile(client, value.path)).urls.get : value;
  };
  const entries = Object.entries(input).map(async ([key, value]) => [key, await replaced(value)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
