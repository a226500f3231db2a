/** What a model gives back, as data. */
export type OutputSpec =
  | { readonly kind: 'string' | 'integer' | 'number' | 'boolean' | 'any' | 'file' }
  | { readonly kind: 'list'; readonly item: OutputSpec }
  | { readonly kind: 'object'; readonly properties: Readonly<Record<string, OutputSpec>> }
  | { readonly kind: 'iterator'; readonly item: OutputSpec; readonly concatenate: boolean };

declare const resultType: unique symbol;

/** The kind of output. `Result` is what `predict` returns; it exists for the compiler only. */
export interface Output<Result> {
  readonly spec: OutputSpec;
  readonly [resultType]?: Result;
}

type ResultOf<O> = O extends Output<infer Result> ? Result : never;

const build = <Result>(spec: OutputSpec): Output<Result> => ({ spec });

/** Outputs of a model. Where a kind is a file, `predict` returns the path of a local file; its name becomes public. */
export const output = {
  string: () => build<string>({ kind: 'string' }),
  integer: () => build<number>({ kind: 'integer' }),
  number: () => build<number>({ kind: 'number' }),
  boolean: () => build<boolean>({ kind: 'boolean' }),
  /** Any JSON value. */
  any: () => build<unknown>({ kind: 'any' }),
  file: () => build<string>({ kind: 'file' }),
  list: <Item>(item: Output<Item>) => build<readonly Item[]>({ kind: 'list', item: item.spec }),
  object: <const P extends Readonly<Record<string, Output<unknown>>>>(properties: P) =>
    build<{ readonly [Name in keyof P]: ResultOf<P[Name]> }>({
      kind: 'object',
      properties: Object.fromEntries(Object.entries(properties).map(([name, { spec }]) => [name, spec])),
    }),
  /** Items one by one; each is reported as it comes. */
  iterator: <Item>(item: Output<Item>) =>
    build<AsyncIterable<Item> | Iterable<Item>>({ kind: 'iterator', item: item.spec, concatenate: false }),
  /** Pieces of one text, one by one. */
  concatenate: () =>
    build<AsyncIterable<string> | Iterable<string>>({
      kind: 'iterator',
      item: { kind: 'string' },
      concatenate: true,
    }),
};

/** Whether a value of this kind is, or holds, a file. */
export function holdsFile(spec: OutputSpec): boolean {
  switch (spec.kind) {
    case 'file':
      return true;
    case 'list':
    case 'iterator':
      return holdsFile(spec.item);
    case 'object':
      return Object.values(spec.properties).some(holdsFile);
    default:
      return false;
  }
}
