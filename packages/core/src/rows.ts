/** What became of a row since the last look: new (`before` null), gone (`after` null), or saying something else. */
export interface Change<Row> {
  readonly before: Row | null;
  readonly after: Row | null;
}

interface Known<Row> {
  row: Row;
  look: number;
}

/** The rows of the last look, to tell what has changed at the next. A row that says the same stays the same object. */
export class Rows<Row extends { readonly id: string }> {
  readonly #known = new Map<string, Known<Row>>();
  #looks = 0;

  get(id: string): Row | undefined {
    return this.#known.get(id)?.row;
  }

  /** `rows`: all that there are now, each once, in any order. */
  changes(rows: readonly Row[]): readonly Change<Row>[] {
    const look = ++this.#looks;
    const changes: Change<Row>[] = [];
    for (const row of rows) {
      const known = this.#known.get(row.id);
      if (known === undefined) {
        this.#known.set(row.id, { row, look });
        changes.push({ before: null, after: row });
        continue;
      }
      known.look = look;
      if (known.row === row || saysTheSame(known.row, row)) continue;
      changes.push({ before: known.row, after: row });
      known.row = row;
    }
    if (this.#known.size > rows.length) {
      for (const [id, known] of this.#known) {
        if (known.look === look) continue;
        this.#known.delete(id);
        changes.push({ before: known.row, after: null });
      }
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
