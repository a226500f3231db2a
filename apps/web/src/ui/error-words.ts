import { ApiError } from '@hearth/contract';

/** What an error says to a person: the API's own title and detail where it answered. */
export function errorWords(error: unknown): { title: string; detail: string } {
  if (error instanceof ApiError) return { title: error.title, detail: error.detail };
  // What fetch throws where nobody answers.
  if (error instanceof TypeError && /fetch|network|load failed/i.test(error.message)) {
    return { title: 'Hearth does not answer', detail: 'Is it running, and can this browser reach it?' };
  }
  return {
    title: 'Something went wrong on this page',
    detail: error instanceof Error ? error.message : String(error),
  };
}

/** What the API said of one field of a request; undefined: nothing. */
export function fieldError(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  return error.invalidFields.find((invalid) => invalid.field === field)?.description;
}

/** The error, unless all that it says is said at one of these fields; null: nothing is left to say. */
export function unplacedError(error: unknown, fields: readonly string[]): unknown {
  if (!(error instanceof ApiError) || error.invalidFields.length === 0) return error ?? null;
  return error.invalidFields.every(({ field }) => fields.includes(field)) ? null : error;
}
