import { expect } from 'vitest';
import {
  type Demand,
  freeGiven,
  holdsResources,
  type Instance,
  isComing,
  nextState,
  type Plan,
  type ScalePolicy,
  type Snapshot,
} from '../src/index.ts';
import { instance } from './build.ts';

// A fleet that does as it is told, for properties that hold over many cycles.

export const find = (s: Snapshot, id: string): Instance => {
  const found = s.instances.find((i) => i.id === id);
  if (found === undefined) throw new Error(`the plan names ${id}, which is not in the snapshot`);
  return found;
};

/** Instances that give every prediction a slot, within minimum and maximum: what is needed where nothing was measured. */
export const slotForEach = ({ waiting, inFlight }: Demand, policy: ScalePolicy): number =>
  Math.min(
    Math.max(Math.ceil((waiting + inFlight) / policy.slotsPerInstance), policy.minInstances),
    policy.maxInstances,
  );

/** The world right after every action of the plan. */
export function apply(s: Snapshot, plan: Plan, now: number, nextId: () => string): Snapshot {
  const booted: Instance[] = [];
  const changed = new Map<string, Partial<Instance>>();
  for (const a of plan.actions) {
    if (a.kind === 'boot') {
      const d = s.deployments.find((x) => x.id === a.deploymentId);
      if (d === undefined) throw new Error(`the plan boots ${a.deploymentId}, which is not in the snapshot`);
      const { memoryMiB, cpus, runtime } = a.need;
      booted.push(
        instance({
          ...a.placement,
          id: nextId(),
          deploymentId: d.id,
          versionId: d.versionId,
          hardwareSku: a.hardwareSku,
          state: 'booting',
          since: now,
          memoryMiB,
          cpus,
          runtime,
        }),
      );
    } else {
      const { state } = find(s, a.instanceId);
      changed.set(a.instanceId, { state: nextState(state, a.kind === 'drain' ? 'drain' : 'drained'), since: now });
    }
  }
  return { ...s, instances: [...s.instances.map((i) => ({ ...i, ...changed.get(i.id) })), ...booted] };
}

/** Time does its work: boots end, what drains lets go, what stops is gone. Predictions never finish elsewhere. */
export const pass = (s: Snapshot, now: number): Snapshot => ({
  ...s,
  instances: s.instances.flatMap((i): Instance[] => {
    if (i.state === 'booting') return [{ ...i, state: nextState(i.state, 'booted'), since: now }];
    if (i.state === 'draining') return [{ ...i, intakeClosed: true, inFlight: 0 }];
    return isComing(i) ? [i] : [];
  }),
});

export function expectNoOvercommitment(s: Snapshot): void {
  const held = s.instances.filter(holdsResources);
  for (const h of s.hosts) {
    expect(freeGiven(held)(h).memoryMiB, `free memory of ${h.id}`).toBeGreaterThanOrEqual(0);
    const devices = held.filter((i) => i.hostId === h.id).flatMap((i) => i.deviceIds);
    expect(devices.length, `devices of ${h.id} held once`).toBe(new Set(devices).size);
  }
}
