/** What a thrown thing says. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The system's word for what failed (`ENOENT`, `ESRCH`, …); null where it was not the system. */
export function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  return error.code;
}

/** The HTTP status that an engine answered with; null where it did not answer. */
export function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return null;
  return error.statusCode;
}
