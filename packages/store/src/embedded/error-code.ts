/** The system's word for what went wrong (`ENOENT`, …), where there is one. */
export const errorCode = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
