/** What became of a row since the last look: new (`before` null), gone (`after` null), or saying something else. */
export interface Change<Row> {
  readonly before: Row | null;
  readonly after: Row | null;
}

/** The rows of the last look, to tell what has changed at the next. */
export class Rows<Row extends { readonly id: string }> {
  readonly #known = new Map<string, Row>();
  #last: readonly Row[] = [];

  get(id: string): Row | undefined {
    return this.#known.get(id);
  }

  /**
   * `rows`: all that there are now, each once, in any order. Of rows that are the same objects in the same places nothing
   * is looked at.
   */
  changes(rows: readonly Row[]): readonly Change<Row>[] {
    const came: Row[] = [];
    const went: Row[] = [];
    const before = this.#last;
    const places = Math.max(rows.length, before.length);
    for (let place = 0; place < places; place++) {
      const row = rows[place];
      const last = before[place];
      if (row === last) continue;
      if (row !== undefined) came.push(row);
      if (last !== undefined) went.push(last);
    }
    this.#last = rows.slice();
    const changes: Change<Row>[] = [];
    const there = new Set<string>();
    for (const row of came) {
      there.add(row.id);
      const known = this.#known.get(row.id) ?? null;
      if (known !== null && saysTheSame(known, row)) continue;
      this.#known.set(row.id, row);
      changes.push({ before: known, after: row });
    }
    for (const { id } of went) {
      const gone = there.has(id) ? undefined : this.#known.get(id);
      if (gone === undefined) continue;
      this.#known.delete(id);
      changes.push({ before: gone, after: null });
    }
    return changes;
  }
}

/** Of plain data: whether both are made of the same values. */
export function saysTheSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  let keys = 0;
  for (const key in a) {
    if (!saysTheSame(a[key], b[key])) return false;
    keys++;
  }
  for (const _ in b) keys--;
  return keys === 0;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
