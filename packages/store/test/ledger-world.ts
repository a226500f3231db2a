import { costMicros } from '@hearth/core';
import { systemNow } from '@hearth/kit';
import { Client } from 'pg';
import type { DeploymentRow, LedgerCounts, PredictionRow, VerifiedPart } from '../src/index.ts';
import { addDeployment, addInstance, newPrediction, openWorld, usageOf, type World } from './world.ts';

const PRICE = 225;
const RUN_MS = 2_000;
const SECOND_MS = 1_000;

export interface LedgerWorld extends World {
  readonly deployment: DeploymentRow;
  readonly instanceId: string;
  /** A prediction that ran for two seconds, behind all that ran before, and was billed as the dispatcher bills. */
  ran(accountId?: string): Promise<PredictionRow>;
  /** Three of those, sealed; the second is the one that is tampered with. */
  threeRuns(): Promise<readonly [PredictionRow, PredictionRow, PredictionRow]>;
  /** Links everything that is there; answers how many. */
  sealAll(): Promise<number>;
  verified(accountId?: string): Promise<Verified>;
  /** Writes past every trigger, as somebody with the database's password would. */
  tamper(text: string, values?: readonly unknown[]): Promise<void>;
}

export interface Verified {
  readonly checked: LedgerCounts;
  readonly differences: VerifiedPart['differences'];
}

/** A ledger of its own, with an instance of one slot that has been up for an hour. */
export async function openLedgerWorld(): Promise<LedgerWorld> {
  const world = await openWorld();
  const { store } = world;
  const since = systemNow() - 3_600_000;
  await store.hosts.putHardware({ ...CPU, priceMicrosPerSecond: PRICE });
  const deployment = await addDeployment(store);
  const instance = await addInstance(store, deployment, since - SECOND_MS);
  await store.instances.move(instance.id, 'booting', 'booted', { at: since, address: 'http://127.0.0.1:1' });
  let freeAt = since + SECOND_MS;

  const ledger: LedgerWorld = {
    ...world,
    deployment,
    instanceId: instance.id,
    async ran(accountId = 'account') {
      const startedAt = freeAt;
      const completedAt = startedAt + RUN_MS;
      freeAt = completedAt + SECOND_MS;
      const made = await store.predictions.insert(newPrediction(deployment, { accountId, createdAt: startedAt }));
      const row = await store.predictions.claim({ predictionId: made.id, attempt: 0 }, instance, startedAt);
      if (row === null) throw new Error(`${made.id} cannot be claimed`);
      const predictMicroseconds = RUN_MS * 1_000;
      const cost = costMicros(predictMicroseconds, PRICE);
      const ended = await store.predictions.finish(
        row.id,
        row.attempt,
        { status: 'succeeded', metrics: { predict_time: RUN_MS / 1_000, cost: cost / 1_000_000 }, completedAt },
        usageOf(row, deployment, { predictMicroseconds, costMicros: cost, at: completedAt }),
      );
      if (ended === null) throw new Error(`${row.id} cannot be finished`);
      return ended;
    },
    async threeRuns() {
      const runs = [await ledger.ran(), await ledger.ran(), await ledger.ran()] as const;
      await ledger.sealAll();
      return runs;
    },
    async sealAll() {
      let all = 0;
      for (let sealed = 1; sealed > 0; all += sealed) sealed = await store.ledger.seal(100);
      return all;
    },
    async verified(accountId) {
      const parts: VerifiedPart[] = [];
      for await (const part of store.ledger.verify({ accountId })) parts.push(part);
      const last = parts.at(-1);
      if (last === undefined) throw new Error('a verification has parts');
      return { checked: last.checked, differences: parts.flatMap(({ differences }) => differences) };
    },
    async tamper(text, values = []) {
      const client = new Client({ connectionString: world.url });
      await client.connect();
      try {
        await client.query("set session_replication_role = 'replica'");
        await client.query(text, [...values]);
      } finally {
        await client.end();
      }
    },
  };
  return ledger;
}

export const kindsOf = ({ differences }: Verified): string[] =>
  differences.map(({ kind, what }) => `${kind}: ${what}`).toSorted();

const CPU = {
  sku: 'cpu',
  name: 'CPU',
  gpus: 0,
  gpuShareMiB: 0,
  gpuType: null,
  vramMiB: 0,
  cpus: 1,
  memoryMiB: 64,
  labels: {},
  fallback: [],
};
