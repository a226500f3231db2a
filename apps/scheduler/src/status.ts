import { type Blocked, bootBackoff, type Failure, isStale, withBootFailure } from '@hearth/core';
import type { DeploymentRow, DeploymentStatusRow, InstanceRow, Observation, Store } from '@hearth/store';

/**
 * What the scheduler says about deployments: why they wait, and how their last boots went. Changes come from the cycle and
 * from boots that end beside it; each reads the row and writes it anew, so they go one after the other.
 */
export class DeploymentStatuses {
  readonly #store: Store;
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: Store) {
    this.#store = store;
  }

  /** After a cycle: only rows that say something else than before are written. */
  async blocked(deployments: Observation['deployments'], blocked: readonly Blocked[]): Promise<void> {
    // Of two that say something about one deployment the first counts.
    const said = new Map(blocked.toReversed().map((one) => [one.deploymentId, one]));
    const changed = deployments.flatMap(({ id, status }) => {
      const { reason, detail } = said.get(id) ?? { reason: null, detail: null };
      const same = (status?.blockedReason ?? null) === reason && (status?.blockedDetail ?? null) === detail;
      return same ? [] : [{ id, blockedReason: reason, blockedDetail: detail }];
    });
    await Promise.all(changed.map(({ id, ...rest }) => this.#change(id, (status) => ({ ...status, ...rest }))));
  }

  async bootSucceeded(instance: InstanceRow): Promise<void> {
    if ((await this.#currentOf(instance)) === null) return;
    await this.#change(instance.deploymentId, (status) =>
      status.consecutiveFailures === 0 && status.failure === null
        ? null
        : { ...status, failure: null, consecutiveFailures: 0, retryAt: null, failWaitingUntil: null },
    );
  }

  async bootFailed(instance: InstanceRow, failure: Failure): Promise<void> {
    const deployment = await this.#currentOf(instance);
    if (deployment === null) return;
    const live = await this.#store.instances.live();
    const hasReady = live.some((i) => i.deploymentId === instance.deploymentId && i.state === 'ready');
    await this.#change(instance.deploymentId, (status) => {
      const { failure: last } = status;
      const counts = last !== null && last.at >= deployment.releasedAt;
      const before = counts ? { count: status.consecutiveFailures, last } : null;
      const failures = withBootFailure(before, failure, instance.createdAt);
      return { ...status, consecutiveFailures: failures.count, ...bootBackoff(failures, hasReady) };
    });
  }

  /** Null for an instance of an earlier release, which says nothing about this one, or of a deployment that is gone. */
  async #currentOf(instance: InstanceRow): Promise<DeploymentRow | null> {
    const deployment = await this.#store.deployments.get(instance.deploymentId);
    if (deployment === null) return null;
    const hardware = (await this.#store.hosts.hardware()).find(({ sku }) => sku === deployment.hardwareSku);
    const fallback = (hardware?.fallback ?? []).map((sku) => ({ sku }));
    return isStale(instance, { ...deployment, fallback }) ? null : deployment;
  }

  #change(id: string, change: (status: DeploymentStatusRow) => DeploymentStatusRow | null): Promise<void> {
    const write = async (): Promise<void> => {
      const status = change((await this.#store.deployments.status(id)) ?? nothingSaid(id));
      if (status !== null) await this.#store.deployments.setStatus([status]);
    };
    const done = this.#last.then(write);
    // Its caller hears of a failed write; the next change does not depend on it.
    this.#last = done.catch(() => {});
    return done;
  }
}

const nothingSaid = (deploymentId: string): DeploymentStatusRow => ({
  deploymentId,
  blockedReason: null,
  blockedDetail: null,
  failure: null,
  consecutiveFailures: 0,
  retryAt: null,
  failWaitingUntil: null,
});
