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
import { NO_SHAPES } from './fragmentation.ts';
import { choicesOf, evictFirst, type Found, type HardwareChoice, placeFirst } from './hardware-choice.ts';
import { type Instance, longestIdleFirst } from './instance.ts';
import { cheapest, siblingsOf } from './placement.ts';
import type { Host } from './resources.ts';
import type { Deployment, Snapshot } from './snapshot.ts';
import { inWords, type Millis } from './time.ts';
import type { Views } from './views.ts';
import { nearestRefusal } from './why-not.ts';

/** What one deployment gets in a cycle. */
export interface Growth {
  readonly actions: readonly Action[];
  readonly blocked: Blocked | null;
  readonly wakeAt: Millis | null;
}

/** Boots what a fleet lacks, or says why not. What it takes and promises goes into `views`. */
export function grow(
  fleet: Fleet,
  { hosts, shapes = NO_SHAPES }: Snapshot,
  views: Views,
  evictables: Evictables,
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
    return { actions: evacuated(serving, hosts), blocked: blockedBy(reason, detail), wakeAt: backoff.retryAt };
  }
  // After a failure one boot at a time tries whether it works again; a whole fleet would only fail side by side.
  const wanted = backoff === null ? lasting : Math.min(lasting, have + 1 - booting.length);

  const boots: Boot[] = [];
  for (let n = have; n < wanted; n++) {
    const siblings = siblingsOf([...ready, ...booting, ...boots.map((b) => b.placement)]);
    const found = placeFirst(choices, (need) => cheapest(views.roomyNow(need, shapes), need, siblings));
    if (found === null && isExpected && serving.length === 0 && n >= needed) break;
    if (found === null) {
      const refusal = nearestRefusal(
        hosts,
        choices.map((choice) => choice.need),
      );
      // For a takeover that nobody waits for no neighbour has to go cold.
      const eviction = makeRoom(deployment, views, n < needed ? evictables : null, serving);
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
  deployment: Deployment,
  views: Views,
  evictables: Evictables | null,
  serving: readonly Instance[],
): (Eviction & { readonly choice: HardwareChoice }) | null {
  const choices = choicesOf(deployment);
  const may = (i: Instance): boolean => i.deploymentId !== deployment.id && views.stays(i);
  const turns = evictables?.turns(may) ?? [];
  let eviction: ReturnType<typeof makeRoom> = null;
  for (const turn of turns) eviction ??= evictFirst(choices, (need) => evictables?.evict(need, turn, may) ?? null);
  const stale = serving.toSorted(longestIdleFirst);
  eviction ??= evictFirst(choices, (need) => evictionFor(need, views.hosts, views.freeLater, stale));
  if (eviction === null) return null;
  views.leave(eviction.victims);
  views.takeLater(eviction.placement, eviction.choice.need);
  return eviction;
}

const drainForRoom = (victim: Instance, { id }: Deployment): Drain =>
  victim.deploymentId === id
    ? drain(victim, 'stale', 'There is no room for the new version beside it.')
    : drain(victim, 'evicted', 'It was idle, and a deployment that has to boot needs the room.');

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
