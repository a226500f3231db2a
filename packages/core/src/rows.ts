/** What became of a row since the last look: new (`before` null), gone (`after` null), or saying something else. */
export interface Change<Row> {
  readonly before: Row | null;
  readonly after: Row | null;
}

interface Known<Row> {
  row: Row;
  /** Where it came in the last look. */
  place: number;
  look: number;
}

/** The rows of the last look, to tell what has changed at the next. A row that says the same stays the same object. */
export class Rows<Row extends { readonly id: string }> {
  readonly #known = new Map<string, Known<Row>>();
  #order: readonly Known<Row>[] = [];
  #looks = 0;

  get(id: string): Row | undefined {
    return this.#known.get(id)?.row;
  }

  /** `rows`: all that there are now, each once, in any order; it is quickest where they come as they did before. */
  changes(rows: readonly Row[]): readonly Change<Row>[] {
    const look = ++this.#looks;
    const changes: Change<Row>[] = [];
    const order: Known<Row>[] = [];
    let place = 0;
    for (const row of rows) {
      const expected = this.#order[place];
      let known = expected?.row === row || expected?.row.id === row.id ? expected : this.#known.get(row.id);
      if (known === undefined) {
        known = { row, place: -1, look };
        this.#known.set(row.id, known);
        changes.push({ before: null, after: row });
      } else {
        place = known.place + 1;
        if (known.row !== row && !saysTheSame(known.row, row)) {
          changes.push({ before: known.row, after: row });
          known.row = row;
        }
      }
      known.place = order.length;
      known.look = look;
      order.push(known);
    }
    if (this.#known.size > rows.length) {
      for (const known of this.#order) {
        if (known.look === look) continue;
        this.#known.delete(known.row.id);
        changes.push({ before: known.row, after: null });
      }
    }
    this.#order = order;
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
