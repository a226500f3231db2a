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
