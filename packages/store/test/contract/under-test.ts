import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { DeploymentRow, NewPrediction, PredictionRow, Store } from '../../src/index.ts';
import { newPrediction } from '../world.ts';

/** A store that nobody else uses, and what a suite does to it past the port. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Adds to the priorities of all that wait for a deployment, as a queue does that never empties for weeks. */
  raisePriorities(deploymentId: string, by: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens an adapter of the store, empty. */
export type OpenStore = () => Promise<StoreUnderTest>;

type Opened = (world: StoreUnderTest) => void | Promise<void>;

/** All tests of the suite share one store; `opened` is called with it before the first. */
export function onOneStore(open: OpenStore, opened: Opened): void {
  let world: StoreUnderTest | undefined;
  beforeAll(async () => {
    world = await open();
    await opened(world);
  });
  afterAll(() => world?.close());
}

/** Each test of the suite has a store of its own; `opened` is called with it before the test. */
export function onItsOwnStore(open: OpenStore, opened: Opened): void {
  let world: StoreUnderTest | undefined;
  beforeEach(async () => {
    await world?.close();
    world = await open();
    await opened(world);
  });
  afterAll(() => world?.close());
}

/** Whose claims these suites make. */
export const INSTANCE = { id: 'instance-1', versionId: 'version-2', hardwareSku: 'gpu' };

/** What becomes of predictions of one deployment. */
export class Requests {
  readonly #store: Store;
  readonly #deployment: DeploymentRow;
  readonly #at: number;

  constructor(store: Store, deployment: DeploymentRow, at: number) {
    this.#store = store;
    this.#deployment = deployment;
    this.#at = at;
  }

  waiting(change: Partial<NewPrediction> = {}): Promise<PredictionRow> {
    return this.#store.predictions.insert(newPrediction(this.#deployment, change));
  }

  async claimed({ id, attempt }: PredictionRow): Promise<PredictionRow> {
    const row = await this.#store.predictions.claim({ predictionId: id, attempt }, INSTANCE, this.#at);
    if (!row) throw new Error('the claim was refused');
    return row;
  }

  async running(change: Partial<NewPrediction> = {}): Promise<PredictionRow> {
    return this.claimed(await this.waiting(change));
  }

  /** Given back once. */
  async returned(): Promise<PredictionRow> {
    const { id } = await this.running();
    const row = await this.#store.predictions.giveBack(id, 1, true);
    if (!row) throw new Error('it could not be given back');
    return row;
  }
}
