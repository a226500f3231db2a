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
  return invalidFieldsOf(error).find((invalid) => invalid.field === field)?.description;
}

/** The error, unless all that it says is said at one of these fields; null: nothing is left to say. */
export function unplacedError(error: unknown, fields: readonly string[]): unknown {
  const invalid = invalidFieldsOf(error);
  return invalid.length > 0 && invalid.every(({ field }) => fields.includes(field)) ? null : (error ?? null);
}

/** That a name is taken the API says of the whole request; a person looks for it at the name. */
function invalidFieldsOf(error: unknown): readonly { field: string; description: string }[] {
  if (!(error instanceof ApiError)) return [];
  return error.code === 'name-taken' ? [{ field: 'name', description: error.detail }] : error.invalidFields;
}
