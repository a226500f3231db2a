import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Client, WireUsageRecord } from '@hearth/contract';
import { madeAt } from '@hearth/kit';
import { type Comparison, fromZero, readTrace, type TraceReading } from '@hearth/sim';
import { UsageError } from '../connect.ts';

/** What is played: who was asked for when, and on which hardware, where that is known. */
export interface Source {
  readonly arrivals: Comparison['arrivals'];
  readonly hardwareOf: ReadonlyMap<string, string>;
}

/** @throws UsageError naming the file, the line and the column that are wrong */
export async function fileSource(path: string, reading: TraceReading): Promise<Source> {
  const text = await textOf(path);
  try {
    return { arrivals: readTrace(text.split('\n'), reading), hardwareOf: new Map() };
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${path}: ${error.message}`);
    throw error;
  }
}

async function textOf(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    // Both bytes that begin every gzip file, whatever it is called.
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return (isPacked ? await promisify(gunzip)(bytes) : bytes).toString('utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** As much of the client as says what was billed. */
export interface Billing {
  readonly usage: Pick<Client['usage'], 'records'>;
}

/** What was billed since an instant: for admins everybody's, for others their own. */
export async function historySource(client: Billing, since: number): Promise<Source> {
  const records: WireUsageRecord[] = [];
  for (let next: string | null = null, more = true; more; ) {
    const page = await client.usage.records(next ?? undefined);
    const recent = page.results.filter(({ at }) => Date.parse(at) >= since);
    records.push(...recent.filter(({ kind }) => kind === 'run'));
    next = page.next;
    more = next !== null && recent.length === page.results.length;
  }
  if (records.length === 0) throw new UsageError('Nothing ran in that time; give a longer one, or a trace.');
  const arrivals = records.map((record) => ({
    // The id says when it was asked for; a record's own time is that of the end.
    at: madeAt(record.prediction),
    deploymentId: modelOf(record),
    runMs: Math.max(1, Math.round(record.predict_microseconds / 1_000)),
  }));
  const first = arrivals.reduce((least, { at }) => Math.min(least, at), Infinity);
  // Newest first: the oldest is written first, so that the newest stays.
  const hardwareOf = new Map(records.toReversed().map((record) => [modelOf(record), record.hardware]));
  return { arrivals: fromZero(arrivals, first), hardwareOf };
}

const modelOf = ({ model, version }: WireUsageRecord): string => `${model}:${version.slice(0, 12)}`;
