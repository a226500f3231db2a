/**
 * Keyset pagination, newest first where nothing else is said. A page's last key, given as `before`, gets the page behind
 * it; its first key, given as `after`, the page in front of it. Ids sort by time.
 */
export interface Page<Key = string> {
  readonly limit: number;
  readonly before?: Key | undefined;
  readonly after?: Key | undefined;
}
