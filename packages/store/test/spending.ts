import { newId } from '@hearth/kit';
import { expect } from 'vitest';
import {
  BudgetExceeded,
  type DeploymentRow,
  type NewPrediction,
  type PredictionRow,
  type Store,
} from '../src/index.ts';
import { newPrediction, unique, usageOf } from './world.ts';

export const NOON = Date.UTC(2026, 0, 31, 12);

const INSTANCE = { id: 'instance', versionId: 'version', hardwareSku: 'cpu' };

/** Accounts that make predictions of one deployment at noon, and what that does to their budgets. */
export class Spending {
  readonly #store: Store;
  readonly #deployment: DeploymentRow;

  constructor(store: Store, deployment: DeploymentRow) {
    this.#store = store;
    this.#deployment = deployment;
  }

  account() {
    const username = unique('account');
    return this.#store.accounts.ensure({ type: 'user', username, name: username });
  }

  /** @throws BudgetExceeded */
  insert(accountId: string, holdMicros: number, change: Partial<NewPrediction> = {}): Promise<PredictionRow> {
    const facts = { accountId, holdMicros, createdAt: NOON, ...change };
    return this.#store.predictions.insert(newPrediction(this.#deployment, facts));
  }

  /** The limit that keeps one from being made. */
  async refused(accountId: string, holdMicros: number, change: Partial<NewPrediction> = {}) {
    const id = newId(NOON);
    const error = await this.insert(accountId, holdMicros, { id, ...change }).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(await this.#store.predictions.get(id)).toBeNull();
    if (!(error instanceof BudgetExceeded)) throw new Error(`not refused: ${String(error)}`);
    return error.bound;
  }

  async claim(id: string): Promise<PredictionRow> {
    const row = await this.#store.predictions.claim({ predictionId: id, attempt: 0 }, INSTANCE, NOON);
    if (row === null) throw new Error('not claimed');
    return row;
  }

  /** Runs it, for so much. */
  async end(id: string, costMicros: number, at = NOON): Promise<PredictionRow | null> {
    const row = await this.claim(id);
    const usage = usageOf(row, this.#deployment, { accountId: row.accountId, costMicros, at });
    return this.#store.predictions.finish(id, 1, { status: 'succeeded', completedAt: at }, usage);
  }

  /** What is held, in how many; what is spent in the day, and in the month. Null: there is no budget. */
  async standing(accountId: string, at = NOON): Promise<readonly number[] | null> {
    const row = await this.#store.budgets.get(accountId, at);
    return row && [row.heldMicros, row.inFlight, row.daySpentMicros, row.monthSpentMicros];
  }
}
