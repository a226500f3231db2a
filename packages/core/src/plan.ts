import { beyondMaximum, type Demand, type ScalePolicy, type Sizing, sizeFor } from './autoscale.ts';
import type { BootBackoff } from './boot-backoff.ts';
import type { Eviction } from './eviction.ts';
import { evictionTurns, type Spare, spareOf } from './eviction-order.ts';
import { NO_SHAPES, type TypicalShape } from './fragmentation.ts';
import { choicesOf, evictFirst, type Found, placeFirst } from './hardware-choice.ts';
import { byId, holdsResources, type Instance, isComing, isLeaving, longestIdleFirst } from './instance.ts';
import { idleSurplus, type Stay, stayOf } from './keep-alive.ts';
import type { Measures } from './measures.ts';
import { siblingsOf } from './placement.ts';
import type { Host, Need, Placement } from './resources.ts';
import { isStale, type Release, retiring } from './rollout.ts';
import { holdBack, type NeedHistory } from './scale-in.ts';
import { inWords, type Millis } from './time.ts';
import type { UseHistory } from './use-history.ts';
import { Views } from './views.ts';
import type { Lingering } from './vram.ts';
import { nearestRefusal, type Refusal } from './why-not.ts';

export interface Deployment extends Release {
  readonly id: string;
  /** What one instance of it needs. */
  readonly need: Need;
  readonly policy: ScalePolicy;
  readonly demand: Demand;
  readonly measures: Measures;
  /** What it needed at earlier cycles; null: nobody kept it, and scale-in is not damped. */
  readonly history: NeedHistory | null;
  /** How it is used; null: nobody kept a record. */
  readonly use: UseHistory | null;
  /** Set from its first failed boot until a boot succeeds. */
  readonly backoff: Pick<BootBackoff, 'retryAt' | 'failure'> | null;
}

/** Everything one cycle may look at. An instance whose deployment is not in it belongs to one that was removed. */
export interface Snapshot {
  readonly hosts: readonly Host[];
  readonly deployments: readonly Deployment[];
  readonly instances: readonly Instance[];
  /** What the fleet is typically asked for; see `typicalShapes`. */
  readonly shapes?: readonly TypicalShape[];
  /** Instances that have stopped while their GPUs are not free yet; see `lingering`. */
  readonly lingering?: readonly Lingering[];
}

export type BootReason = 'demand' | 'min-instances' | 'rollout' | 'expected';
export type DrainReason = 'removed' | 'unhealthy' | 'stale' | 'over-max' | 'idle' | 'evicted';
export type BlockedReason = Refusal['reason'] | 'backoff' | 'crash-loop' | 'max-instances';

/** What to do, each with a word for machines and a sentence for people. */
export type Action =
  | Boot
  | Drain
  | { readonly kind: 'stop'; readonly instanceId: string; readonly reason: 'drained'; readonly detail: string };

export interface Boot {
  readonly kind: 'boot';
  readonly deploymentId: string;
  /** The SKU it gets: the deployment's, or a fallback of it. */
  readonly hardwareSku: string;
  readonly need: Need;
  readonly placement: Placement;
  readonly reason: BootReason;
  readonly detail: string;
}

/** Of a ready instance: close its intake. Of a booting one: end the boot; the move table takes it to `stopping`. */
export interface Drain {
  readonly kind: 'drain';
  readonly instanceId: string;
  readonly reason: DrainReason;
  readonly detail: string;
}

/** Why a deployment does not get the instances that it lacks; at most one a deployment. */
export interface Blocked {
  readonly deploymentId: string;
  readonly reason: BlockedReason;
  readonly detail: string;
}

export interface Plan {
  readonly actions: readonly Action[];
  readonly blocked: readonly Blocked[];
  /** How many instances each deployment needed, for its history. */
  readonly needs: ReadonlyMap<string, number>;
  /** When the plan would change with no new event, always after `now`; null: never. */
  readonly wakeAt: Millis | null;
}

/** Decides one cycle. Pure: the same snapshot and `now` give the same plan, whatever the order of their rows. */
export function planCycle(snapshot: Snapshot, now: Millis): Plan {
  const held = snapshot.instances.filter(holdsResources).toSorted(byId);
  const fleets = snapshot.deployments.map((d) => fleetOf(d, held, now)).toSorted(longestWaitFirst);

  // 1. Stop what has drained. Only the dispatcher can take work, and it closes intake only once it holds nothing; an
  //    in-flight count beside a closed intake is a row read half-way, so it waits, unhealthy or not.
  const drained = held.filter((i) => i.state === 'draining' && i.intakeClosed && i.inFlight === 0);

  // 2. Drain what must not stay, whether or not anybody needs the room.
  const unwanted = [...removed(held, snapshot.deployments), ...fleets.flatMap((fleet) => fleet.unwanted)];

  // 3. Drain idle surplus past its keep-alive, but for what the load of the last minute holds back; remember the rest as
  //    evictable.
  const surplus = fleets.flatMap((fleet) => surplusOf(fleet, now));
  const expired = surplus.flatMap(({ stay, expired }) => expired.map((i) => drain(i, 'idle', stay.why(i))));

  // 4. Boot what demand lacks, longest wait first; evict only where nothing fits.
  const draining = new Set([...unwanted, ...expired].map((d) => d.instanceId));
  const views = new Views(
    [...held, ...(snapshot.lingering ?? [])],
    held.filter((i) => !isLeaving(i) && !draining.has(i.id)),
  );
  const spare = surplus.flatMap(({ deployment: { policy, use }, spare }) =>
    spare.map((i) => spareOf(i, policy.keepAlive, use, now)),
  );
  const growth = fleets.map((fleet) => grow(fleet, snapshot, views, spare, now));

  return {
    actions: [...drained.map(stop), ...unwanted, ...expired, ...growth.flatMap((g) => g.actions)],
    blocked: growth.flatMap((g) => g.blocked ?? []),
    needs: new Map(fleets.map(({ deployment, sizing }) => [deployment.id, sizing.needed])),
    wakeAt: earliest([
      ...surplus.map((s) => s.nextExpiryAt),
      ...fleets.map((fleet) => fleet.sizing.growsAt),
      ...fleets.map(({ stay: { expected } }) => (expected !== null && expected.bootAt > now ? expected.bootAt : null)),
      ...growth.map((g) => g.wakeAt),
    ]),
  };
}

/** One deployment and its instances, sorted by what they are good for. */
interface Fleet {
  readonly deployment: Deployment;
  /** Ready, healthy, of the current release, within the maximum: with `booting`, its capacity. */
  readonly ready: readonly Instance[];
  readonly booting: readonly Instance[];
  /** Ready, healthy, of an earlier release: serving on until fresh ones take over. */
  readonly serving: readonly Instance[];
  readonly unwanted: readonly Drain[];
  /** Demand less what instances that are leaving already will finish by themselves. */
  readonly demand: Demand;
  readonly sizing: Sizing;
  readonly stay: Stay;
}

function fleetOf(deployment: Deployment, held: readonly Instance[], now: Millis): Fleet {
  const own = held.filter((i) => i.deploymentId === deployment.id);
  const coming = own.filter(isComing);
  const healthy = coming.filter((i) => i.unhealthy === null);
  const stale = healthy.filter((i) => isStale(i, deployment));
  const fresh = healthy.filter((i) => !isStale(i, deployment));

  // The maximum bounds each release by itself: while one takes over from the other there may be twice as many.
  const { maxInstances } = deployment.policy;
  const excess = [...beyondMaximum(fresh, maxInstances), ...beyondMaximum(stale, maxInstances)];
  const within = (i: Instance): boolean => !excess.includes(i);
  const capacity = fresh.filter(within);
  const earlier = stale.filter(within);

  const finishing = own.filter((i) => !earlier.includes(i) && !capacity.includes(i));
  const heldByThem = finishing.reduce((sum, i) => sum + i.inFlight, 0);
  const demand = { ...deployment.demand, inFlight: Math.max(0, deployment.demand.inFlight - heldByThem) };
  const ready = capacity.filter((i) => i.state === 'ready');
  const sizing = sizeFor(demand, deployment, ready, now);
  const retired = retiring(earlier, capacity, sizing.needed);
  return {
    deployment,
    ready,
    booting: capacity.filter((i) => i.state === 'booting'),
    serving: earlier.filter((i) => !retired.includes(i)),
    unwanted: [
      ...coming.flatMap((i) => (i.unhealthy === null ? [] : drain(i, 'unhealthy', i.unhealthy))),
      ...retired.map((i) => drain(i, 'stale', 'Its deployment has moved to another version or other hardware.')),
      ...excess.map((i) => drain(i, 'over-max', `The maximum is ${maxInstances} now.`)),
    ],
    demand,
    sizing,
    stay: stayOf(deployment.policy.keepAlive, deployment.use, now),
  };
}

/** The idle surplus of each release of a fleet. Of the current one the longest idle go first, down to what is held back. */
function surplusOf({ deployment, ready, serving, sizing, stay }: Fleet, now: Millis) {
  const { needed } = sizing;
  const hold = holdBack(ready, deployment.history, now);
  const current = idleSurplus(ready, needed, stay, now);
  const going = current.expired.slice(0, Math.max(0, ready.length - hold.instances));
  const held = current.expired.slice(going.length);
  const heldBack = { expired: going, spare: [...held, ...current.spare] };
  const until = held.length === 0 ? null : hold.until;
  return [
    { ...current, ...heldBack, nextExpiryAt: earliest([until, current.nextExpiryAt]) },
    idleSurplus(serving, needed - ready.length, stay, now),
  ].map((of) => ({ deployment, stay, ...of }));
}

const removed = (held: readonly Instance[], deployments: readonly Deployment[]): readonly Drain[] =>
  held
    .filter((i) => isComing(i) && !deployments.some((d) => d.id === i.deploymentId))
    .map((i) => drain(i, 'removed', 'Its deployment no longer exists.'));

interface Growth {
  readonly actions: readonly Action[];
  readonly blocked: Blocked | null;
  readonly wakeAt: Millis | null;
}

/** Boots what a fleet lacks, or says why not. What it takes and promises goes into `views`. */
function grow(
  fleet: Fleet,
  { hosts, shapes = NO_SHAPES }: Snapshot,
  views: Views,
  spare: readonly Spare[],
  now: Millis,
): Growth {
  const { deployment, ready, booting, demand } = fleet;
  const { needed, asked } = fleet.sizing;
  const { backoff, policy } = deployment;
  const choices = choicesOf(deployment);
  const serving = fleet.serving.filter((i) => views.stays(i));
  const have = ready.length + booting.length;
  const blockedBy = (reason: BlockedReason, detail: string): Blocked => ({
    deploymentId: deployment.id,
    reason,
    detail,
  });
  if (policy.maxInstances === 0 && demand.waiting > 0) {
    return {
      actions: [],
      blocked: blockedBy('max-instances', 'It is switched off: its maximum is 0 instances.'),
      wakeAt: null,
    };
  }
  // What is warm stays warm: where an earlier release still serves, asked for or not, the new one comes up beside it.
  // And what is about to be used gets warm.
  const isExpected = backoff === null && isDue(fleet, now);
  const lasting = serving.length > 0 || isExpected ? Math.max(needed, Math.min(1, policy.maxInstances)) : needed;
  if (lasting <= have) return { actions: [], blocked: null, wakeAt: null };
  if (backoff !== null && backoff.retryAt > now) {
    const { kind, message } = backoff.failure;
    const detail = serving.length > 0 ? `The new release does not boot; the earlier one serves. ${message}` : message;
    const reason = kind === 'crash_loop' ? 'crash-loop' : 'backoff';
    return { actions: [], blocked: blockedBy(reason, detail), wakeAt: backoff.retryAt };
  }
  // After a failure one boot at a time tries whether it works again; a whole fleet would only fail side by side.
  const wanted = backoff === null ? lasting : Math.min(lasting, have + 1 - booting.length);

  const boots: Boot[] = [];
  for (let n = have; n < wanted; n++) {
    const siblings = siblingsOf([...ready, ...booting, ...boots.map((b) => b.placement)]);
    const found = placeFirst(hosts, views.freeNow, choices, { shapes, siblings });
    if (found === null && isExpected && serving.length === 0 && n >= needed) break;
    if (found === null) {
      const refusal = nearestRefusal(
        hosts,
        choices.map((choice) => choice.need),
      );
      // For a takeover that nobody waits for no neighbour has to go cold.
      const eviction = makeRoom(deployment, hosts, views, n < needed ? spare : [], serving);
      const detail =
        eviction === null ? refusal.detail : `${refusal.detail} Room is being made on ${eviction.placement.hostId}.`;
      const drains = (eviction?.victims ?? []).map((i) => drainForRoom(i, deployment));
      return { actions: [...boots, ...drains], blocked: blockedBy(refusal.reason, detail), wakeAt: null };
    }
    views.take(found.placement, found.choice.need);
    const needs = n < asked ? 'demand' : 'min-instances';
    const reason = n < needed ? needs : serving.length > 0 ? 'rollout' : 'expected';
    boots.push(boot(fleet, found, reason, now));
  }
  return { actions: boots, blocked: null, wakeAt: null };
}

/**
 * Whom to drain so that one instance fits, at most one set a cycle: the predictions in flight may free a slot meanwhile.
 * Where only the deployment's own stale instances are in the way, they go, though busy: under steady load they would
 * never be idle, and the old version would run for ever.
 */
function makeRoom(
  deployment: Deployment,
  hosts: readonly Host[],
  views: Views,
  spare: readonly Spare[],
  serving: readonly Instance[],
): Eviction | null {
  const choices = choicesOf(deployment);
  const others = spare.filter(({ instance: i }) => i.deploymentId !== deployment.id && views.stays(i));
  const turns = [...evictionTurns(others), serving.toSorted(longestIdleFirst)];
  let eviction: ReturnType<typeof evictFirst> = null;
  for (const turn of turns) eviction ??= evictFirst(choices, hosts, views.freeLater, turn);
  if (eviction === null) return null;
  views.leave(eviction.victims);
  views.takeLater(eviction.placement, eviction.choice.need);
  return eviction;
}

const drainForRoom = (victim: Instance, { id }: Deployment): Drain =>
  victim.deploymentId === id
    ? drain(victim, 'stale', 'There is no room for the new version beside it.')
    : drain(victim, 'evicted', 'It was idle, and a deployment that has to boot needs the room.');

const longestWaitFirst = (a: Fleet, b: Fleet): number => {
  const [waitsA, waitsB] = [a.demand.oldestWaitingAt ?? Infinity, b.demand.oldestWaitingAt ?? Infinity];
  return waitsA === waitsB ? byId(a.deployment, b.deployment) : waitsA - waitsB;
};

/** Whether it is time to boot one for a use that is expected. */
const isDue = ({ stay: { expected } }: Fleet, now: Millis): boolean => expected !== null && expected.bootAt <= now;

function boot(
  { deployment: { id, demand, policy }, stay: { expected } }: Fleet,
  { choice, placement, why }: Found,
  reason: BootReason,
  now: Millis,
): Boot {
  const waited = demand.oldestWaitingAt === null ? '' : `, the oldest for ${inWords(now - demand.oldestWaitingAt)}`;
  const detail = {
    demand: `Waiting: ${demand.waiting}${waited}; in flight: ${demand.inFlight}.`,
    'min-instances': `At least ${policy.minInstances} are kept.`,
    rollout: 'It takes over from an earlier release, which is warm.',
    expected: `It is used by a timer; the next time is expected in ${inWords((expected?.useAt ?? now) - now)}.`,
  }[reason];
  const { sku: hardwareSku, need } = choice;
  const where = `On ${placement.hostId}: ${why}.`;
  return { kind: 'boot', deploymentId: id, hardwareSku, need, placement, reason, detail: `${detail} ${where}` };
}

const drain = (i: Instance, reason: DrainReason, detail: string): Drain => ({
  kind: 'drain',
  instanceId: i.id,
  reason,
  detail,
});

const stop = (i: Instance): Action => ({
  kind: 'stop',
  instanceId: i.id,
  reason: 'drained',
  detail: 'It takes no prediction any more and holds none.',
});

const earliest = (instants: readonly (Millis | null)[]): Millis | null => {
  const some = instants.filter((at) => at !== null);
  return some.length === 0 ? null : Math.min(...some);
};
