/** What a schema found wrong with a field. */
export interface ZodFailure {
  /** Zod's code. */
  readonly keyword: string;
  readonly instancePath: string;
  readonly message?: string | undefined;
  /** The rest of zod's issue: `minimum`, `maximum`, `origin`, `expected`, `values`, `format`. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** Zod's own words begin so; a schema that has words of its own says what is allowed already. */
const ZODS_OWN = /^(Invalid|Too big|Too small)/;

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'an object',
  record: 'an object',
  string: 'a string',
};

/** What is allowed, of a field that does not fit its schema. */
export function validationWords(failure: ZodFailure): string {
  const { message = 'is not valid' } = failure;
  const words = ZODS_OWN.test(message) ? ownWords(failure, message) : message;
  return words.charAt(0).toLowerCase() + words.slice(1);
}

function ownWords({ keyword, params }: ZodFailure, message: string): string {
  const { expected, origin, maximum, minimum, values, format } = params;
  if (keyword === 'too_big') return `must ${of(origin, 'at most', maximum)}`;
  if (keyword === 'too_small')
    return minimum === 1 && origin !== 'number' ? 'must not be empty' : `must ${of(origin, 'at least', minimum)}`;
  if (keyword === 'invalid_value' && Array.isArray(values))
    return `must be ${values.map((value) => JSON.stringify(value)).join(', ')}`;
  if (keyword === 'invalid_format' && format === 'datetime') return 'must be an instant such as 2026-01-31T12:00:00Z';
  if (keyword !== 'invalid_type') return message;
  return message.endsWith('received undefined')
    ? 'is required'
    : `must be ${KINDS[String(expected)] ?? String(expected)}`;
}

function of(origin: unknown, bound: string, limit: unknown): string {
  if (origin === 'string') return `have ${bound} ${String(limit)} characters`;
  return origin === 'array' ? `have ${bound} ${String(limit)} items` : `be ${bound} ${String(limit)}`;
}
