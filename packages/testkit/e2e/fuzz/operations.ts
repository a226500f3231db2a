import type { Kind } from './garbage.ts';

export interface JsonSchema {
  readonly type?: Kind | readonly Kind[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly nullable?: boolean;
  readonly format?: string;
  readonly minimum?: number;
}

interface Parameter {
  readonly in: string;
  readonly name: string;
}

/** The part of an OpenAPI document that this reads. */
export interface OpenApi {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly parameters?: readonly Parameter[];
            readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: JsonSchema }>> };
          }
        >
      >
    >
  >;
}

/** One method of one path, as the API's own document tells it. */
export interface Operation {
  readonly method: string;
  /** With `{parameters}`. */
  readonly path: string;
  readonly pathParameters: readonly string[];
  readonly queryParameters: readonly string[];
  readonly headers: readonly string[];
  /** Of its JSON body; null where it takes none. */
  readonly body: JsonSchema | null;
}

export function operationsOf(document: OpenApi): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => {
      const named = (where: string) => parameters.filter((one) => one.in === where).map(({ name }) => name);
      return {
        method: method.toUpperCase(),
        path,
        pathParameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name),
        queryParameters: named('query'),
        headers: named('header'),
        body: requestBody?.content['application/json']?.schema ?? null,
      };
    }),
  );
}

/** Changes nothing, whatever it is sent. */
export const isReading = ({ method }: Pick<Operation, 'method'>): boolean =>
  ['GET', 'HEAD', 'QUERY', 'OPTIONS'].includes(method);

/** The kinds of JSON value that a schema lets through; empty: it says nothing of the kind, so any may pass. */
export function kindsOf(schema: JsonSchema): ReadonlySet<Kind> {
  const kinds = new Set<Kind>();
  for (const one of [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    for (const type of [one.type ?? []].flat()) kinds.add(type);
    for (const value of [...(one.enum ?? []), ...('const' in one ? [one.const] : [])]) kinds.add(kindOf(value));
    if (one.nullable) kinds.add('null');
    if (one !== schema && one.type === undefined && one.enum === undefined && !('const' in one)) return new Set();
  }
  return kinds;
}

function kindOf(value: unknown): Kind {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const kind = typeof value;
  if (kind === 'string' || kind === 'number' || kind === 'boolean' || kind === 'object') return kind;
  throw new Error(`${kind} is no kind of JSON value`);
}
