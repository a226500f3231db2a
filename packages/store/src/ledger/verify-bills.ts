import {
  type BillContext,
  type BilledPrediction,
  billDifferences,
  type Difference,
  type Failure,
  type InstanceSpan,
  type InstanceState,
  type LedgerRecord,
  type Millis,
  type PriceChange,
  priceAt,
} from '@hearth/core';
import type { ClientBase } from 'pg';
import { pricesOf } from './prices.ts';
import { RECORD_SQL } from './record.ts';
import { pages } from './snapshot.ts';
import type { Step } from './step.ts';
import { verifyAtOnce } from './verify-at-once.ts';

const PAGE = 1_000;

/** $1 limit, $2 id, $3 account or null. Metrics come whole: \`->>\` refuses what a model may have written into them. */
const PREDICTIONS = `select id, account_id as "accountId", model, version_id as "versionId",
    deployment_id as "deploymentId", hardware_sku as "hardwareSku", status, attempt, instance_id as "instanceId",
    started_at as "startedAt", completed_at as "completedAt", metrics
  from predictions where id > $2 and ($3::text is null or account_id = $3) order by id limit $1`;

/** $1 predictions. */
const RECORDS = `select ${RECORD_SQL} from usage_records where prediction_id = any($1) and kind = 'run' order by id`;

/** $1 ids. */
const INSTANCES = `select id, coalesce((phases ->> 'ready')::bigint, (extract(epoch from created_at) * 1000)::bigint) as "readyAt",
    state, since, failure from instances where id = any($1)`;

type PredictionRow = Omit<BilledPrediction, 'predictSeconds' | 'cost'> & {
  readonly metrics: Readonly<Record<string, unknown>> | null;
};

interface InstanceRow {
  readonly id: string;
  readonly readyAt: Millis;
  readonly state: InstanceState;
  readonly since: Millis;
  readonly failure: Failure | null;
}

/** That every prediction is billed as it ran, and nothing else is. */
export async function* verifyBills(client: ClientBase, accountId: string | null): AsyncGenerator<Step> {
  const prices = await pricesOf(client);
  const query = { text: PREDICTIONS, limit: PAGE, from: [''], values: [accountId] };
  const instanceIds = new Set<string>();
  for await (const rows of pages<PredictionRow>(client, query, ({ id }) => [id])) {
    for (const { instanceId } of rows) if (accountId !== null && instanceId !== null) instanceIds.add(instanceId);
    yield await verifyPage(client, rows, prices);
  }
  yield* verifyAtOnce(client, accountId === null ? null : instanceIds);
}

async function verifyPage(
  client: ClientBase,
  rows: readonly PredictionRow[],
  prices: ReadonlyMap<string, readonly PriceChange[]>,
): Promise<Step> {
  const { rows: records } = await client.query<LedgerRecord>(RECORDS, [rows.map(({ id }) => id)]);
  const recordsOf = Map.groupBy(records, ({ predictionId }) => predictionId);
  const instanceIds = new Set(rows.flatMap(({ instanceId }) => instanceId ?? []));
  const { rows: instances } = await client.query<InstanceRow>(INSTANCES, [[...instanceIds]]);
  const spanOf = new Map(instances.map((row) => [row.id, instanceSpan(row)]));
  let unpriced = 0;
  const differences = rows.flatMap((row) => {
    const own = recordsOf.get(row.id) ?? [];
    const record = own.find(({ id }) => id === row.id) ?? own[0] ?? null;
    const price = priceOf(prices.get(row.hardwareSku) ?? [], row.startedAt);
    if (record !== null && price === 'unknown') unpriced++;
    const context = { price, instance: spanOf.get(row.instanceId ?? '') ?? null };
    const others = own.filter((other) => other !== record);
    return [...others.map(billedTwice), ...billDifferences(billed(row), record, context)];
  });
  const predictions = rows.filter(({ completedAt }) => completedAt !== null).length;
  return { predictions, records: records.length, unpriced, differences };
}

const billed = ({ metrics, ...row }: PredictionRow): BilledPrediction => ({
  ...row,
  predictSeconds: numberIn(metrics, 'predict_time'),
  cost: numberIn(metrics, 'cost'),
});

function numberIn(metrics: PredictionRow['metrics'], name: string): number | null {
  const value = metrics?.[name];
  return typeof value === 'number' ? value : null;
}

function priceOf(history: readonly PriceChange[], startedAt: Millis | null): BillContext['price'] {
  const [first] = history;
  if (startedAt === null || first === undefined) return null;
  return startedAt < first.effectiveFrom ? 'unknown' : priceAt(history, startedAt);
}

/** An instance that was lost with its host may have run on, and its reports may have come through. */
const instanceSpan = ({ readyAt, state, since, failure }: InstanceRow): InstanceSpan => ({
  readyAt,
  endedAt: state === 'stopped' || (state === 'failed' && failure?.kind !== 'lost') ? since : null,
});

const billedTwice = ({ id, accountId, predictionId }: LedgerRecord): Difference => ({
  kind: 'billed-twice',
  accountId,
  predictionId,
  recordId: id,
  what: 'record',
  expected: predictionId,
  found: id,
});
