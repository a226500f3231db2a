import { type BilledRun, type Difference, type Millis, openAt, type RunsAtOnce, withRun } from '@hearth/core';
import type { ClientBase } from 'pg';
import { pages } from './snapshot.ts';
import type { Step } from './step.ts';

const PAGE = 1_000;

/** $1 limit, $2 and $3 key. A record's instant is that of its prediction's end; records of another one are told of elsewhere. */
const RUNS = `select usage_records.id, usage_records.at, usage_records.at::text as "atText", instances.id as "instanceId",
    instances.slots, started_at as "startedAt", completed_at as "completedAt",
    predict_microseconds as "predictMicroseconds"
  from usage_records
  join predictions on predictions.id = usage_records.prediction_id and predictions.attempt = usage_records.attempt
  join instances on instances.id = predictions.instance_id
  where (usage_records.at, usage_records.id) < ($2::timestamptz, $3) and usage_records.kind = 'run'
    and started_at is not null and completed_at is not null
  order by usage_records.at desc, usage_records.id desc limit $1`;

interface RunRow {
  readonly id: string;
  readonly at: Millis;
  readonly atText: string;
  readonly instanceId: string;
  readonly slots: number;
  readonly startedAt: Millis;
  readonly completedAt: Millis;
  readonly predictMicroseconds: number;
}

/**
 * That no instance is billed for more runs at once than it has slots. From the last run that ended back to the first, so that
 * of each instance only those are remembered that the next may be beside. `instanceIds`: of those only; null: of all.
 */
export async function* verifyAtOnce(client: ClientBase, instanceIds: ReadonlySet<string> | null): AsyncGenerator<Step> {
  const seen = new Map<string, RunsAtOnce & { readonly slots: number }>();
  const query = { text: RUNS, limit: PAGE, from: ['infinity', ''], values: [] };
  for await (const rows of pages<RunRow>(client, query, ({ atText, id }) => [atText, id])) {
    for (const row of rows) {
      const { instanceId, slots } = row;
      if (instanceIds !== null && !instanceIds.has(instanceId)) continue;
      seen.set(instanceId, { slots, ...withRun(seen.get(instanceId), billed(row), slots) });
    }
    const at = rows.at(-1)?.at ?? 0;
    for (const [id, runs] of seen) if (runs.most <= runs.slots && openAt(runs, at).length === 0) seen.delete(id);
    yield {};
  }
  const overfull = [...seen].filter(([, { slots, most }]) => most > slots);
  yield { differences: overfull.map(([id, { slots, most }]) => tooMany(id, slots, most)) };
}

const billed = ({ startedAt, completedAt, predictMicroseconds }: RunRow): BilledRun => ({
  startedAt,
  completedAt,
  billedUntil: Math.max(startedAt, Math.min(completedAt, startedAt + predictMicroseconds / 1_000)),
});

const tooMany = (instanceId: string, slots: number, runs: number): Difference => ({
  kind: 'more-than-slots',
  accountId: null,
  predictionId: null,
  recordId: null,
  what: `billed at once on instance ${instanceId}`,
  expected: slots,
  found: runs,
});
