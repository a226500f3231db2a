/**
 * Reading the OpenAPI document of a model. Cog writes an enum as `allOf: [{ $ref }]` beside the field's own keys (A, B),
 * a bare `$ref` or an inline `enum` (coglet); what comes out of here is always flat: no `$ref`, no `allOf`.
 */

/** The part of JSON Schema that Cog writes. */
export interface FieldSchema {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly items?: FieldSchema;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  readonly nullable?: boolean;
  readonly deprecated?: boolean;
  readonly 'x-order'?: number;
  readonly 'x-cog-secret'?: boolean;
  readonly 'x-cog-array-type'?: string;
  readonly 'x-cog-array-display'?: string;
}

/** The inputs of a model, in the order its author wrote them (`x-order`). */
export interface InputSchema {
  readonly properties: Readonly<Record<string, FieldSchema>>;
  readonly required: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const schemasOf = (openapi: unknown): Json => {
  const components = isObject(openapi) ? openapi.components : undefined;
  const schemas = isObject(components) ? components.schemas : undefined;
  return isObject(schemas) ? schemas : {};
};

const REF_PREFIX = '#/components/schemas/';

/** Flattens one schema. A `$ref` that leads nowhere, or back to itself, becomes the schema of any value. */
function flatten(schema: unknown, schemas: Json, seen: readonly string[]): FieldSchema {
  if (!isObject(schema)) return {};
  const { $ref, allOf, anyOf, items, properties, ...own } = schema;
  let flat: Record<string, unknown> = {};
  if (typeof $ref === 'string' && $ref.startsWith(REF_PREFIX)) {
    const name = $ref.slice(REF_PREFIX.length);
    if (!seen.includes(name)) flat = { ...flatten(schemas[name], schemas, [...seen, name]) };
  }
  for (const part of Array.isArray(allOf) ? allOf : []) flat = { ...flat, ...flatten(part, schemas, seen) };
  if (Array.isArray(anyOf)) {
    const values = anyOf.filter((option) => !(isObject(option) && option.type === 'null'));
    if (values.length === 1) flat = { ...flat, ...flatten(values[0], schemas, seen) };
    if (values.length < anyOf.length) flat.nullable = true;
  }
  // A description on the shared enum is generic ("An enumeration."); the field's own keys win.
  flat = { ...flat, ...own };
  if (items !== undefined) flat.items = flatten(items, schemas, seen);
  if (isObject(properties)) flat.properties = inOrder(properties, schemas, seen);
  return flat;
}

function inOrder(properties: Json, schemas: Json, seen: readonly string[]): Record<string, FieldSchema> {
  const orderOf = (field: FieldSchema) => field['x-order'] ?? Number.MAX_SAFE_INTEGER;
  return Object.fromEntries(
    Object.entries(properties)
      .map(([name, schema]) => [name, flatten(schema, schemas, seen)] as const)
      .toSorted(([, a], [, b]) => orderOf(a) - orderOf(b)),
  );
}

/** The inputs that a model's OpenAPI document declares; null where it has no `Input` schema. */
export function inputSchemaOf(openapi: unknown): InputSchema | null {
  return inputsOf(openapi, 'Input');
}

function inputsOf(openapi: unknown, name: 'Input' | 'TrainingInput'): InputSchema | null {
  const schemas = schemasOf(openapi);
  if (!isObject(schemas[name])) return null;
  const input = flatten(schemas[name], schemas, [name]);
  return { properties: input.properties ?? {}, required: input.required ?? [] };
}

/** The inputs of a model's training; null where it cannot be trained. */
export function trainingInputSchemaOf(openapi: unknown): InputSchema | null {
  return inputsOf(openapi, 'TrainingInput');
}

/** What a model gives back; null where the document has no `Output` schema. */
export function outputSchemaOf(openapi: unknown): FieldSchema | null {
  const schemas = schemasOf(openapi);
  return isObject(schemas.Output) ? flatten(schemas.Output, schemas, ['Output']) : null;
}

/** Whether a value of this field is a file, given as a URL. */
export const isFileField = (field: FieldSchema): boolean => field.type === 'string' && field.format === 'uri';

/** Whether a value of this field must never be shown. 0.9.26 marks it by the format alone. */
export const isSecretField = (field: FieldSchema): boolean =>
  field['x-cog-secret'] === true || field.format === 'password';

/** Whether the output arrives piece by piece. */
export const isIteratorOutput = (output: FieldSchema): boolean => output['x-cog-array-type'] === 'iterator';

/** Whether the pieces read as one text. */
export const isConcatenatedOutput = (output: FieldSchema): boolean => output['x-cog-array-display'] === 'concatenate';

/** Whether all that comes out of a model are files: one, or a list of them, at once or piece by piece. */
export function givesFiles(output: FieldSchema): boolean {
  return isFileField(output) || (output.type === 'array' && output.items !== undefined && isFileField(output.items));
}
