/** One line of a CSV, by the names of its columns. */
export class CsvRow {
  /** As an editor counts: the heading is line 1. */
  readonly line: number;
  readonly #columns: ReadonlyMap<string, number>;
  readonly #cells: readonly string[];

  constructor(line: number, columns: ReadonlyMap<string, number>, cells: readonly string[]) {
    this.line = line;
    this.#columns = columns;
    this.#cells = cells;
  }

  has(column: string): boolean {
    return this.#columns.has(column);
  }

  /** @throws RangeError where there is no such column, or nothing in it */
  text(column: string): string {
    const text = this.#cells[this.#columns.get(column) ?? -1];
    if (text === undefined || text === '') throw this.wrong(column, 'something');
    return text;
  }

  /** Null where nothing is in it, or there is no such column. */
  optional(column: string): string | null {
    return this.has(column) && this.#cells[this.#columns.get(column) ?? -1] !== '' ? this.text(column) : null;
  }

  /** @throws RangeError where it is not a number of at least `least` */
  number(column: string, least = 0): number {
    const text = this.text(column);
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least) {
      throw this.wrong(column, `a number of at least ${least}`);
    }
    return value;
  }

  /** What to throw where a cell is not what it must be. */
  wrong(column: string, allowed: string): RangeError {
    const text = this.#cells[this.#columns.get(column) ?? -1] ?? '';
    return new RangeError(`line ${this.line}, column ${column}: "${text}"; it must be ${allowed}`);
  }
}

/**
 * Rows of a CSV with a heading, one at a time. Cells may be quoted, with quotes doubled inside, but hold no line breaks;
 * empty lines are passed over.
 *
 * @throws RangeError naming the line that is wrong, or the columns that are missing
 */
export function* csvRows(lines: Iterable<string>, required: readonly string[]): Generator<CsvRow, void> {
  let columns: ReadonlyMap<string, number> | null = null;
  let line = 0;
  for (const text of lines) {
    line++;
    if (text.trim() === '') continue;
    const cells = cellsOf(text.replace(/\r$/, ''), line);
    if (columns !== null) {
      if (cells.length !== columns.size) {
        throw new RangeError(`line ${line} has ${cells.length} cells; the heading has ${columns.size}`);
      }
      yield new CsvRow(line, columns, cells);
      continue;
    }
    const names = new Map(cells.map((name, n) => [name.trim().replace(/^\uFEFF/, ''), n]));
    const missing = required.filter((name) => !names.has(name));
    if (missing.length > 0) {
      throw new RangeError(`line ${line} has no column ${missing.join(', ')}; it has ${[...names.keys()].join(', ')}`);
    }
    columns = names;
  }
  if (columns === null)
    throw new RangeError(`it is empty; its first line must name the columns ${required.join(', ')}`);
}

function cellsOf(text: string, line: number): readonly string[] {
  if (!text.includes('"')) return text.split(',');
  const cells: string[] = [];
  // A cell is quoted, or has no quote in it; either ends at a comma or at the end of the line.
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const match = cell.exec(text);
    if (match === null) throw new RangeError(`line ${line} has a quote that is not closed, or text after one: ${text}`);
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '') return cells;
  }
}
