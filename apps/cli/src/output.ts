import Table from 'cli-table3';
import pc from 'picocolors';

/** A table without lines: columns two spaces apart, colours not counted. Nothing at all becomes the sentence `empty`. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return pc.dim(empty);
  const none = '';
  const chars = Object.fromEntries(
    [
      'top',
      'top-mid',
      'top-left',
      'top-right',
      'bottom',
      'bottom-mid',
      'bottom-left',
      'bottom-right',
      'left',
      'left-mid',
      'mid',
      'mid-mid',
      'right',
      'right-mid',
    ].map((side) => [side, none]),
  );
  const table = new Table({
    head: head.map((text) => pc.dim(text)),
    chars: { ...chars, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

export const print = (text: string): void => void process.stdout.write(`${text}\n`);

export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));

/** `3 s`, `5 min`, `2 h`, `4 d`: how long ago `at` was. */
export function ago(at: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}
