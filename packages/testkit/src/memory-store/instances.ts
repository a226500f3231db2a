import { nextState } from '@hearth/core';
import type { Consumers, InstanceRow, Instances } from '@hearth/store';
import { observe } from './observe.ts';
import {
  DuplicateKey,
  foreignFailure,
  foreignText,
  isLive,
  NoSuchRow,
  type StoredConsumer,
  type StoredInstance,
  stamp,
  type Tables,
} from './tables.ts';

const asInstance = ({ moves: _moves, ...row }: StoredInstance): InstanceRow => row;
const asInstanceOrNull = (row: StoredInstance | null | undefined): InstanceRow | null => (row ? asInstance(row) : null);

/** `now`: the database's own clock. */
export function instancesOf(tables: Tables, now: () => number): Partial<Instances> {
  const { instances, asks, consumers } = tables;
  return {
    async insert({ at, callbackHost = null, gpuShareMiB = 0, cpus = 0, ...row }) {
      if (instances.get(row.id) !== undefined) throw new DuplicateKey('instances_pkey');
      const born = { state: 'booting', since: at, address: null, failure: null, pull: null, createdAt: at } as const;
      const rest = { callbackHost, gpuShareMiB, cpus, phases: { place: at }, moves: {} };
      return asInstance(instances.put({ ...row, ...born, ...rest }));
    },
    async move(id, from, event, { at, reason, address, failure }) {
      const state = nextState(from, event);
      const mayMove = (row: StoredInstance): boolean =>
        row.state === from && (event !== 'returned' || mayTakeAgain(consumers.get(id)));
      const moved = instances.change(id, mayMove, (row) => ({
        state,
        since: at,
        moves: { ...row.moves, [state]: at },
        ...(reason !== undefined && { reason: foreignText(reason) }),
        ...(address !== undefined && { address }),
        ...(failure !== undefined && { failure: foreignFailure(failure) }),
        ...(event === 'returned' && { failure: null }),
        ...(event === 'booted' && { phases: stamp(row.phases, 'ready', at) }),
      }));
      return asInstanceOrNull(moved);
    },
    async stampPhase(id, phase, at, address) {
      const stamped = instances.change(
        id,
        ({ state }) => state === 'booting',
        ({ phases }) => ({ phases: stamp(phases, phase, at), ...(address !== undefined && { address }) }),
      );
      return stamped !== null;
    },
    async pulled(id, pull) {
      instances.change(
        id,
        ({ state }) => state === 'booting',
        () => ({ pull }),
      );
    },
    get: async (id) => asInstanceOrNull(instances.get(id)),
    async ask(instanceId, ask, askedBy) {
      const instance = instances.get(instanceId);
      if (instance === undefined || !isLive(instance)) return false;
      asks.put({ instanceId, ask, askedBy });
      return true;
    },
    live: async (hostId) =>
      instances
        .all()
        .filter((row) => isLive(row) && (hostId === undefined || row.hostId === hostId))
        .map(asInstance),
    observe: async () => observe(tables, now()),
  };
}

const mayTakeAgain = (consumer: StoredConsumer | undefined): boolean =>
  consumer === undefined || (!consumer.intakeClosed && consumer.unhealthy === null);

export function consumersOf({ consumers, instances }: Tables): Consumers {
  const put = (instanceId: string, facts: Partial<StoredConsumer>): void => {
    if (instances.get(instanceId) === undefined) throw new NoSuchRow('consumers_instance_id_fkey');
    const known = consumers.get(instanceId) ?? {
      instanceId,
      lastUsedAt: null,
      intakeClosed: false,
      unhealthy: null,
      taken: [],
    };
    consumers.put({ ...known, ...facts });
  };
  return {
    attached: async (instanceId) => put(instanceId, {}),
    async used(rows) {
      for (const { instanceId, lastUsedAt, taken } of rows) {
        const before = consumers.get(instanceId)?.lastUsedAt ?? lastUsedAt;
        put(instanceId, { lastUsedAt: Math.max(lastUsedAt, before), taken });
      }
    },
    takenBy: async (instanceIds) => new Set(instanceIds.flatMap((id) => consumers.get(id)?.taken ?? [])),
    intakeClosed: async (instanceId) => put(instanceId, { intakeClosed: true }),
    unhealthy: async (instanceId, why) => put(instanceId, { unhealthy: why }),
  };
}
