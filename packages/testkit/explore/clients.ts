import { holdFor } from '@hearth/core';
import { newId } from '@hearth/kit';
import { BudgetExceeded, type NewPrediction, type PredictionRow, type Store } from '@hearth/store';
import type { MemoryBroker } from '../src/memory-transport/memory-broker.ts';
import type { PlannedPrediction } from './scenario.ts';
import { TIMINGS } from './servers.ts';
import { PRICE_MICROS_PER_SECOND, type Setting } from './setting.ts';
import type { Trace } from './trace.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What the api takes a run to last before it knows better. */
const EXPECTED_RUN_MS = 5_000;

export interface ClientsRoom {
  readonly store: Store;
  readonly broker: MemoryBroker;
  readonly time: VirtualTime;
  readonly trace: Trace;
  /** A receiver was sent the message of an end. */
  readonly told: (end: { readonly id: string; readonly status: string }) => void;
}

/** Who asks for predictions, by way of the api, and the receivers of their webhooks. */
export class Clients {
  readonly #room: ClientsRoom;
  readonly accepted = new Set<string>();
  /** By prediction: the webhooks of its end that were taken. */
  readonly delivered = new Map<string, number>();
  readonly #refusals = new Map<string, number>();
  /** How many were asked for, refused ones as well. */
  asked = 0;

  constructor(room: ClientsRoom) {
    this.#room = room;
  }

  /** As the api does: a row, a ticket, a poke; or none of them where no budget has room for it. */
  async predict(planned: PlannedPrediction, setting: Setting): Promise<void> {
    const { time, trace, broker } = this.#room;
    const row = await this.#insert(planned, setting);
    this.asked++;
    if (row === null) return trace.note('client', 'was refused: its budget has no room');
    this.accepted.add(row.id);
    trace.note('client', `made ${row.id}: ${JSON.stringify(planned.behavior)}`);
    if (planned.cancelAt !== null) time.after(planned.cancelAt - planned.at, () => void this.#cancel(row.id), null);
    if (planned.isOrphaned) return;
    const { queues, bus } = broker.open();
    if (!row.held) await queues.enqueue(row.deploymentId, { predictionId: row.id, attempt: 0 }, row.priority);
    bus.poke('scheduler');
    if (row.held) bus.poke('dispatcher');
  }

  /** `https://receiver.test/<refusals>`: refuses so often before it takes a message. */
  receive(url: string, body: string): number {
    const refusals = Number(new URL(url).pathname.split('/')[1]);
    const { id, status } = JSON.parse(body) as { id: string; status: string };
    if (status === 'starting' || status === 'processing') return 200;
    this.#room.told({ id, status });
    const refused = this.#refusals.get(id) ?? 0;
    this.#refusals.set(id, refused + 1);
    if (refused < refusals) return 503;
    this.delivered.set(id, (this.delivered.get(id) ?? 0) + 1);
    return 200;
  }

  async #insert(planned: PlannedPrediction, setting: Setting): Promise<PredictionRow | null> {
    try {
      return await this.#room.store.predictions.insert(newPrediction(planned, setting, this.#room.time.now()));
    } catch (error) {
      if (error instanceof BudgetExceeded) return null;
      throw error;
    }
  }

  async #cancel(id: string): Promise<void> {
    const { store, time, trace, broker } = this.#room;
    trace.note('client', `cancels ${id}`);
    await store.predictions.requestCancel(id, time.now());
    broker.open().bus.poke('dispatcher');
  }
}

function newPrediction(planned: PlannedPrediction, { deployments, accountIds }: Setting, at: number): NewPrediction {
  const deployment = deployments[planned.deployment];
  const accountId = accountIds[planned.account];
  if (deployment === undefined || accountId === undefined) throw new RangeError('the scenario names what is not there');
  const { webhookRefusals, deadlineAt } = planned;
  return {
    id: newId(at),
    accountId,
    model: deployment.model,
    versionId: deployment.versionId,
    deploymentId: deployment.id,
    deployment: null,
    hardwareSku: deployment.hardwareSku,
    input: { behavior: planned.behavior },
    source: 'api',
    webhook: webhookRefusals === null ? null : `https://receiver.test/${webhookRefusals}`,
    webhookEventsFilter: null,
    createdAt: at,
    deadlineAt: deadlineAt === null ? null : at + deadlineAt - planned.at,
    kind: 'prediction',
    destination: null,
    streamsFiles: false,
    holdMicros: holdFor(EXPECTED_RUN_MS, PRICE_MICROS_PER_SECOND, {
      timeoutMs: TIMINGS.predictionTimeoutMs,
      cancelGraceMs: TIMINGS.cancelGraceMs,
    }),
  };
}
