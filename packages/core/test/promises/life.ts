import type { Deployment, Host, Instance, NeedHistories, Snapshot } from '../../src/index.ts';
import { deployment, instance } from '../build.ts';
import type { Core } from './core.ts';

/** A prediction of the trace. */
export interface Ask {
  readonly at: number;
  readonly deploymentId: string;
  readonly runMs: number;
}

export interface LifeOptions {
  readonly hosts: readonly Host[];
  readonly deployments: readonly Deployment[];
  readonly asks: readonly Ask[];
  /** From the decision to boot until ready. */
  readonly bootMs: number;
  /** Called after every plan, with the world that it saw. */
  readonly look?: (snapshot: Snapshot, now: number) => void;
}

export interface LifeResult {
  /** From arrival to the start of the run, in order of starts. */
  readonly waitsMs: readonly number[];
  readonly boots: number;
  readonly cycles: number;
  /** What waits for ever, and what stays for ever. */
  readonly unserved: number;
  readonly left: readonly Instance[];
}

interface Running {
  readonly instanceId: string;
  readonly until: number;
}

/** No fleet of these sizes takes so many cycles; one that does is going round in circles. */
const MOST_CYCLES = 20_000;

/**
 * A small world that lives by `planCycle` alone: time goes to whatever comes next, an arrival, the end of a boot or of a
 * run, or the instant that the plan wants to be woken at. It ends when nothing comes any more. Throws where it never does.
 */
export function live(core: Core, { hosts, deployments, asks, bootMs, look }: LifeOptions): LifeResult {
  const needs: NeedHistories = new core.NeedHistories(0);
  const waitsMs: number[] = [];
  let queue: Ask[] = [];
  let coming = asks.toSorted((a, b) => a.at - b.at);
  let running: Running[] = [];
  let fleet: Instance[] = [];
  let [now, boots, cycles] = [0, 0, 0];

  const change = (id: string, by: Partial<Instance>): void => {
    fleet = fleet.map((i) => (i.id === id ? { ...i, ...by } : i));
  };
  const dispatch = (): void => {
    for (const { id, deploymentId } of fleet.filter((i) => i.state === 'ready')) {
      const slots = deployments.find((d) => d.id === deploymentId)?.policy.slotsPerInstance ?? 1;
      for (const ask of queue.filter((one) => one.deploymentId === deploymentId)) {
        if (running.filter((r) => r.instanceId === id).length >= slots) break;
        queue = queue.filter((one) => one !== ask);
        running.push({ instanceId: id, until: now + ask.runMs });
        waitsMs.push(now - ask.at);
        change(id, { lastUsedAt: now });
      }
    }
    for (const i of fleet) {
      const inFlight = running.filter((r) => r.instanceId === i.id).length;
      change(i.id, { inFlight, intakeClosed: i.state === 'draining' && inFlight === 0 });
    }
  };
  const seen = (): Snapshot => ({
    hosts,
    instances: fleet,
    deployments: deployments.map((d) => {
      const own = queue.filter((one) => one.deploymentId === d.id);
      const inFlight = fleet.filter((i) => i.deploymentId === d.id).reduce((sum, i) => sum + i.inFlight, 0);
      return deployment({
        ...d,
        history: needs.of(d.id),
        demand: { waiting: own.length, inFlight, oldestWaitingAt: own[0]?.at ?? null },
      });
    }),
  });
  /** Answers when to look again. */
  const cycle = (): number => {
    for (;;) {
      if (++cycles > MOST_CYCLES) throw new Error(`no end after ${MOST_CYCLES} cycles, at ${now} ms`);
      dispatch();
      const snapshot = seen();
      const plan = core.planCycle(snapshot, now);
      needs.record(plan.needs, now);
      look?.(snapshot, now);
      for (const a of plan.actions) {
        if (a.kind === 'boot') {
          const { memoryMiB, cpus, runtime } = a.need;
          const from = deployments.find((d) => d.id === a.deploymentId);
          const rest = { memoryMiB, cpus, runtime, versionId: from?.versionId ?? '', hardwareSku: a.hardwareSku };
          const id = `i${++boots}`;
          fleet.push(
            instance({ ...a.placement, ...rest, id, deploymentId: a.deploymentId, state: 'booting', since: now }),
          );
          continue;
        }
        const before = fleet.find((i) => i.id === a.instanceId);
        if (before === undefined) throw new Error(`the plan names ${a.instanceId}, which is gone`);
        const state = core.nextState(before.state, a.kind === 'drain' ? 'drain' : 'drained');
        change(before.id, { state, since: now });
      }
      fleet = fleet.filter((i) => i.state !== 'stopping');
      if (plan.actions.length === 0) return plan.wakeAt ?? Infinity;
    }
  };

  for (let wakeAt = cycle(); ; wakeAt = cycle()) {
    const bootEnds = fleet.filter((i) => i.state === 'booting').map((i) => i.since + bootMs);
    const next = Math.min(wakeAt, coming[0]?.at ?? Infinity, ...bootEnds, ...running.map((r) => r.until));
    if (next === Infinity) return { waitsMs, boots, cycles, unserved: queue.length, left: fleet };
    if (next <= now && next === wakeAt) throw new Error(`woken at ${wakeAt}, which is not after ${now}`);
    now = next;
    queue.push(...coming.filter((ask) => ask.at <= now));
    coming = coming.filter((ask) => ask.at > now);
    for (const i of fleet)
      if (i.state === 'booting' && i.since + bootMs <= now) change(i.id, { state: 'ready', since: now });
    for (const r of running) if (r.until <= now) change(r.instanceId, { lastUsedAt: now });
    running = running.filter((r) => r.until > now);
  }
}
