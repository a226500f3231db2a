/** Keyset pagination, newest first: pass the last id of a page as `before` to get the next. Ids sort by time. */
export interface Page {
  readonly limit: number;
  readonly before?: string | undefined;
}
