/** A value that a spreadsheet would take for a formula becomes text by an apostrophe before it. */
const FORMULA = /^[=+\-@\t\r]/;

/** A table as RFC 4180 writes it. */
export const csv = (rows: readonly (readonly (string | number)[])[]): string =>
  rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');

function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
