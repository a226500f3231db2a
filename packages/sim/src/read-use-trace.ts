import { csvRows } from './csv.ts';
import type { Use, UseTrace } from './use-trace.ts';

const MINUTE_MS = 60_000;

/**
 * The use traces in a CSV that somebody published; none where its heading is of another kind.
 *
 * | heading has | it is | traces |
 * |---|---|---|
 * | `gmt_create`, `exec_time_seconds`, `groupId`, `checkpoint_model_version_id` | Alibaba GenTD26, a line a request | by checkpoint, and by group |
 * | `HashFunction` and minutes (`480` … or `minute_1`, `1_minute` …) | Azure Functions 2019, a line a function | one, at the resolution of a minute |
 *
 * @throws RangeError naming the line that is wrong
 */
export function readUseTraces(name: string, lines: readonly string[]): readonly UseTrace[] {
  const heading = (lines[0] ?? '').replace(/\r$/, '').split(',');
  if (['gmt_create', 'exec_time_seconds', 'groupId', 'checkpoint_model_version_id'].every((c) => heading.includes(c))) {
    return [
      { name: `${name} by checkpoint`, uses: requests(lines, 'checkpoint_model_version_id') },
      { name: `${name} by group`, uses: requests(lines, 'groupId') },
    ];
  }
  const minutes = heading.filter((column) => /^(?:minute_)?\d+(?:_minute)?$/.test(column));
  if (!heading.includes('HashFunction') || minutes.length === 0) return [];
  return [{ name, uses: counts(lines, minutes) }];
}

function requests(lines: readonly string[], key: string): ReadonlyMap<string, readonly Use[]> {
  const uses = new Map<string, Use[]>();
  let first = Infinity;
  for (const row of csvRows(lines, ['gmt_create', 'exec_time_seconds', key])) {
    const at = Date.parse(`${row.text('gmt_create').replace(' ', 'T')}Z`);
    if (Number.isNaN(at)) throw row.wrong('gmt_create', 'an instant such as 2024-11-15 16:57:50');
    first = Math.min(first, at);
    // Some requests name no checkpoint: they ran on nothing that was loaded.
    const id = row.optional(key);
    if (id === null) continue;
    const ran = row.optional('exec_time_seconds') !== null;
    const use = { at, runMs: ran ? 1_000 * row.number('exec_time_seconds') : 0, count: 1 };
    const of = uses.get(id);
    if (of === undefined) uses.set(id, [use]);
    else of.push(use);
  }
  return new Map(
    [...uses].map(([id, of]) => [
      id,
      of.map((use) => ({ ...use, at: use.at - first })).toSorted((a, b) => a.at - b.at),
    ]),
  );
}

/** A run that ends before its minute does is taken to take no time; several in one minute come at once. */
function counts(lines: readonly string[], minutes: readonly string[]): ReadonlyMap<string, readonly Use[]> {
  const uses = new Map<string, readonly Use[]>();
  for (const row of csvRows(lines, minutes)) {
    const of = minutes.flatMap((column, n): Use | [] => {
      const count = row.number(column);
      return count === 0 ? [] : { at: n * MINUTE_MS, runMs: 0, count };
    });
    if (of.length > 0) uses.set(`f${row.line}`, of);
  }
  return uses;
}
