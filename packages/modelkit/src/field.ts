import type { Secret } from './secret.ts';

interface CommonSpec {
  readonly description?: string;
  /** Required: neither a default nor optional. */
  readonly required: boolean;
  /** Undefined where there is none. A field that is optional and was left out reads as null. */
  readonly default?: unknown;
  readonly deprecated?: boolean;
}

/** What a field takes, as data: the OpenAPI document and the reading of requests are both made from it. */
export type FieldSpec = CommonSpec &
  (
    | { readonly kind: 'string'; readonly minLength?: number; readonly maxLength?: number; readonly pattern?: string }
    | { readonly kind: 'integer' | 'number'; readonly min?: number; readonly max?: number }
    | { readonly kind: 'choice'; readonly choices: readonly (string | number)[] }
    | { readonly kind: 'list'; readonly item: FieldSpec }
    | { readonly kind: 'boolean' | 'file' | 'secret' }
  );

declare const valueType: unique symbol;

/** One input of a model. `Value` is what `predict` receives; it exists for the compiler only. */
export interface Field<Value> {
  readonly spec: FieldSpec;
  readonly [valueType]?: Value;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The `input` that `predict` receives. */
export type InputOf<F extends Fields> = {
  readonly [Name in keyof F]: F[Name] extends Field<infer Value> ? Value : never;
};

interface CommonOptions<Value> {
  readonly description?: string;
  /** Taken where the caller gives nothing. */
  readonly default?: Value;
  /** The caller may leave it out or say null; `predict` then receives null. */
  readonly optional?: boolean;
  readonly deprecated?: boolean;
}
interface StringOptions extends CommonOptions<string> {
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Regular expression; it must match from the start of the text, not necessarily up to its end. */
  readonly pattern?: string;
}
interface NumberOptions extends CommonOptions<number> {
  /** Smallest value allowed. */
  readonly min?: number;
  /** Largest value allowed. */
  readonly max?: number;
}

type Given<Value, Options> = Options extends { readonly optional: true } ? Value | null : Value;

type Kind =
  | { readonly kind: Exclude<FieldSpec['kind'], 'choice' | 'list'> }
  | { readonly kind: 'choice'; readonly choices: readonly (string | number)[] }
  | { readonly kind: 'list'; readonly item: FieldSpec };

function build<Value>(kind: Kind, { optional = false, ...rest }: CommonOptions<unknown> = {}): Field<Value> {
  return { spec: { ...kind, ...rest, required: !optional && rest.default === undefined } };
}

/**
 * The inputs of a model. A field is required unless it has a `default` or is `optional`.
 *
 *     input: {
 *       image: field.file({ description: 'Picture to read' }),
 *       width: field.integer({ min: 1, max: 4096, default: 256 }),
 *       format: field.choice(['png', 'jpeg'], { default: 'png' }),
 *     }
 */
export const field = {
  string: <const O extends StringOptions>(options?: O) => build<Given<string, O>>({ kind: 'string' }, options),

  number: <const O extends NumberOptions>(options?: O) => build<Given<number, O>>({ kind: 'number' }, options),

  integer: <const O extends NumberOptions>(options?: O) => build<Given<number, O>>({ kind: 'integer' }, options),

  boolean: <const O extends CommonOptions<boolean>>(options?: O) =>
    build<Given<boolean, O>>({ kind: 'boolean' }, options),

  /** One of the given strings or numbers. */
  choice: <const C extends readonly (string | number)[], const O extends CommonOptions<C[number]>>(
    choices: C,
    options?: O,
  ) => build<Given<C[number], O>>({ kind: 'choice', choices }, options),

  /**
   * A file. The caller sends an http(s) or data URL; it is downloaded when the prediction runs, and `predict` receives
   * the path of a local copy with the file's own name, which is gone once the prediction has ended.
   */
  file: <const O extends Omit<CommonOptions<never>, 'default'>>(options?: O) =>
    build<Given<string, O>>({ kind: 'file' }, options),

  /** A text that is never shown; `predict` receives a {@link Secret}. */
  secret: <const O extends Omit<CommonOptions<never>, 'default'>>(options?: O) =>
    build<Given<Secret, O>>({ kind: 'secret' }, options),

  /** Any number of values, each as `item` says. */
  list: <Item, const O extends CommonOptions<readonly Item[]>>(item: Field<Item>, options?: O) =>
    build<Given<readonly Item[], O>>({ kind: 'list', item: item.spec }, options),
};
