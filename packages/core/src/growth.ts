import {
  type Action,
  type Blocked,
  type BlockedReason,
  type Boot,
  type BootReason,
  type Drain,
  drain,
} from './actions.ts';
import type { Evictables } from './evictables.ts';
import { type Eviction, evictionFor } from './eviction.ts';
import { drainWithHost, type Fleet } from './fleet.ts';
import type { TypicalShape } from './fragmentation.ts';
import { choicesOf, evictFirst, type Found, type HardwareChoice, placeFirst } from './hardware-choice.ts';
import { type Instance, longestIdleFirst } from './instance.ts';
import type { Stay } from './keep-alive.ts';
import { cheapest, siblingsOf } from './placement.ts';
import type { Refusals } from './refusals.ts';
import type { Host, Need } from './resources.ts';
import type { Deployment } from './snapshot.ts';
import { inWords, type Millis } from './time.ts';
import type { Views } from './views.ts';

/** What one deployment gets in a cycle. */
export interface Growth {
  readonly actions: readonly Action[];
  readonly blocked: Blocked | null;
  readonly wakeAt: Millis | null;
}

/** What the fleets of one cycle share. */
export interface Ground {
  readonly hosts: readonly Host[];
  readonly shapes: readonly TypicalShape[];
  readonly views: Views;
  readonly evictables: Evictables;
  readonly refusals: Refusals;
}

/** How many instances there are to be: what is needed, and one where what is warm stays warm or is about to be used. */
function lasting({ deployment: { backoff, policy }, sizing, stay }: Fleet, serving: number, now: Millis): number {
  const isExpected = backoff === null && isDue(stay, now);
  return serving > 0 || isExpected ? Math.max(sizing.needed, Math.min(1, policy.maxInstances)) : sizing.needed;
}

/** Whether `grow` may have something to say; else it says nothing until time or a change of its rows makes it. */
export function lacks(fleet: Fleet, now: Millis): boolean {
  const { deployment, ready, booting, serving, demand } = fleet;
  const isOff = deployment.policy.maxInstances === 0 && demand.waiting > 0;
  return isOff || lasting(fleet, serving.length, now) > ready.length + booting.length;
}

/** Boots what a fleet lacks, or says why not. What it takes and promises goes into the views. */
export function grow(fleet: Fleet, ground: Ground, now: Millis): Growth {
  const { hosts, shapes, views, refusals } = ground;
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
  const isExpected = backoff === null && isDue(fleet.stay, now);
  const least = lasting(fleet, serving.length, now);
  if (least <= have) return { actions: [], blocked: null, wakeAt: null };
  if (backoff !== null && backoff.retryAt > now) {
    const { kind, message } = backoff.failure;
    const detail = serving.length > 0 ? `The new release does not boot; the earlier one serves. ${message}` : message;
    const reason = kind === 'crash_loop' ? 'crash-loop' : 'backoff';
    return { actions: evacuated(serving, hosts), blocked: blockedBy(reason, detail), wakeAt: backoff.retryAt };
  }
  // After a failure one boot at a time tries whether it works again; a whole fleet would only fail side by side.
  const wanted = backoff === null ? least : Math.min(least, have + 1 - booting.length);

  const boots: Boot[] = [];
  for (let n = have; n < wanted; n++) {
    const siblings = siblingsOf([...ready, ...booting, ...boots.map((b) => b.placement)]);
    const found = placeFirst(choices, (need) => cheapest(views.roomyNow(need, shapes), need, siblings));
    if (found === null && isExpected && serving.length === 0 && n >= needed) break;
    if (found === null) {
      const refusal = refusals.of(hosts, choices);
      // For a takeover that nobody waits for no neighbour has to go cold.
      const eviction = makeRoom(fleet, ground, n < needed, serving);
      const detail =
        eviction === null ? refusal.detail : `${refusal.detail} Room is being made on ${eviction.placement.hostId}.`;
      const drains = eviction?.victims.map((i) => drainForRoom(i, deployment)) ?? evacuated(serving, hosts);
      return { actions: [...boots, ...drains], blocked: blockedBy(refusal.reason, detail), wakeAt: null };
    }
    views.take(found.placement, found.choice.need);
    const needs = n < asked ? 'demand' : 'min-instances';
    const reason = n < needed ? needs : serving.length > 0 ? 'rollout' : 'expected';
    boots.push(boot(fleet, found, reason, now));
  }
  return { actions: boots, blocked: null, wakeAt: null };
}

/** Those on hosts that are being drained: where nothing can take over from them, they go nevertheless. */
const evacuated = (serving: readonly Instance[], hosts: readonly Host[]): Drain[] =>
  serving.filter((i) => hosts.some((h) => h.draining && h.id === i.hostId)).map(drainWithHost);

/**
 * Whom to drain so that one instance fits, at most one set a cycle: the predictions in flight may free a slot meanwhile.
 * Where only the deployment's own stale instances are in the way, they go, though busy: under steady load they would
 * never be idle, and the old version would run for ever.
 */
function makeRoom(
  { deployment, ready, serving: earlier }: Fleet,
  { views, evictables }: Ground,
  isNeeded: boolean,
  serving: readonly Instance[],
): (Eviction & { readonly choice: HardwareChoice }) | null {
  const choices = choicesOf(deployment);
  const may = (i: Instance): boolean => i.deploymentId !== deployment.id && views.stays(i);
  const spared = [...ready, ...earlier].map(({ hostId }) => hostId);
  const turns = isNeeded ? evictables.turns : [];
  let eviction: ReturnType<typeof makeRoom> = null;
  for (const turn of turns) eviction ??= evictFirst(choices, (need) => evictables.evict({ need, may, spared }, turn));
  eviction ??= evictFirst(choices, (need) => staleEviction(need, views, serving));
  if (eviction === null) return null;
  views.leave(eviction.victims);
  views.takeLater(eviction.placement, eviction.choice.need);
  return eviction;
}

function staleEviction(need: Need, views: Views, serving: readonly Instance[]): Eviction | null {
  const fits = views.placeLater(need);
  if (fits !== null) return { placement: fits, victims: [] };
  const stale = serving.toSorted(longestIdleFirst);
  return stale.length === 0 ? null : evictionFor(need, views.hosts, views.freeLater, stale);
}

const drainForRoom = (victim: Instance, { id }: Deployment): Drain =>
  victim.deploymentId === id
    ? drain(victim, 'stale', 'There is no room for the new version beside it.')
    : drain(victim, 'evicted', 'It was idle, and a deployment that has to boot needs the room.');

/** Whether it is time to boot one for a use that is expected. */
const isDue = ({ expected }: Stay, now: Millis): boolean => expected !== null && expected.bootAt <= now;

function boot(
  { deployment: { id, demand, policy }, stay: { expected } }: Fleet,
  { choice, placement, why }: Found,
  reason: BootReason,
  now: Millis,
): Boot {
  const waited = demand.oldestWaitingAt === null ? '' : `, the oldest for ${inWords(now - demand.oldestWaitingAt)}`;
  const detail = {
    demand: `Waiting: ${demand.waiting}${waited}; in flight: ${demand.inFlight}.`,
    'min-instances': `At least ${policy.minInstances} ${policy.minInstances === 1 ? 'is' : 'are'} kept.`,
    rollout: 'It takes over from an earlier release, which is warm.',
    expected: `It is used by a timer; the next time is expected in ${inWords((expected?.useAt ?? now) - now)}.`,
  }[reason];
  const { sku: hardwareSku, need } = choice;
  const where = `On ${placement.hostId}: ${why}.`;
  return { kind: 'boot', deploymentId: id, hardwareSku, need, placement, reason, detail: `${detail} ${where}` };
}
