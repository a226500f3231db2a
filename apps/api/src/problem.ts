import { ERRORS, type ErrorCode, type InvalidField, type ProblemBody } from '@hearth/contract';

/** A refusal of the catalogue, thrown by any part of a request. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ErrorCode;
  readonly invalidFields: readonly InvalidField[];
  readonly headers: Readonly<Record<string, string>>;
  readonly #retryAfterSeconds: number | undefined;
  readonly #budget: ProblemBody['budget'];
  readonly #scopes: Pick<ProblemBody, 'needed_scope' | 'token_scopes'>;
  /** `detail`: what is wrong with this request, in a sentence; never anything that the caller may not know. */
  constructor(
    code: ErrorCode,
    detail: string,
    more: {
      invalidFields?: readonly InvalidField[];
      headers?: Readonly<Record<string, string>>;
      /** In the body, and as `Retry-After`. */
      retryAfterSeconds?: number;
      /** In the body. */
      budget?: ProblemBody['budget'];
      /** In the body. */
      scopes?: Pick<ProblemBody, 'needed_scope' | 'token_scopes'>;
    } = {},
  ) {
    super(detail);
    this.code = code;
    this.invalidFields = more.invalidFields ?? [];
    this.#retryAfterSeconds = more.retryAfterSeconds;
    this.#scopes = more.scopes ?? {};
    this.#budget = more.budget;
    const later = more.retryAfterSeconds === undefined ? {} : { 'retry-after': String(more.retryAfterSeconds) };
    this.headers = { ...later, ...more.headers };
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  body(): ProblemBody {
    const { title, status } = ERRORS[this.code];
    const fields = this.invalidFields.length > 0 ? { invalid_fields: [...this.invalidFields] } : {};
    const later = this.#retryAfterSeconds === undefined ? {} : { retry_after: this.#retryAfterSeconds };
    const budget = this.#budget && { budget: this.#budget };
    return { title, detail: this.message, status, code: this.code, ...fields, ...later, ...this.#scopes, ...budget };
  }
}

/** A field that is wrong: one line in the detail for each, as Replicate writes them. */
export function invalidFields(code: 'invalid-request' | 'invalid-input', fields: readonly InvalidField[]): Problem {
  const detail = fields.map(({ field, description }) => `- ${field}: ${description}`).join('\n');
  return new Problem(code, detail, { invalidFields: fields });
}

export const invalidField = (field: string, type: string, description: string): Problem =>
  invalidFields('invalid-request', [{ field, type, description }]);

export const notFound = (what: string): Problem => new Problem('not-found', `${what} was not found.`);

/** Replicate's own words. */
export const noFile = (): Problem => new Problem('not-found', 'File not found');
