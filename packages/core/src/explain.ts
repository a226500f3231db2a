import type { Blocked } from './actions.ts';
import type { Demand, Sizing } from './autoscale.ts';
import { drainingHosts, type Fleet, fleetOf, type Surplus, surplusOf } from './fleet.ts';
import { byId, holdsResources, type Instance } from './instance.ts';
import type { Measures } from './measures.ts';
import { planCycle } from './plan.ts';
import { STABLE_WINDOW_MS } from './scale-in.ts';
import type { Deployment, Snapshot } from './snapshot.ts';
import { inWords, type Millis } from './time.ts';

/** Why an instance is where it is. */
export interface InstanceReason {
  readonly id: string;
  readonly hostId: string;
  readonly state: Instance['state'];
  readonly since: Millis;
  readonly inFlight: number;
  readonly why: string;
  /** When it goes if nothing else happens; null: not by time. */
  readonly until: Millis | null;
  /** Whether another deployment that lacks room may take its place before that. */
  readonly evictable: boolean;
}

/** Something that happens next; `at` null: now. */
export interface NextStep {
  readonly at: Millis | null;
  readonly what: string;
}

/** Why a deployment is where it is, and what comes next, as the next cycle would decide it. */
export interface Explanation {
  readonly deploymentId: string;
  readonly demand: Demand;
  readonly needed: number;
  /** Why so many are needed, in a sentence. */
  readonly why: string;
  readonly measures: Measures;
  /** The live ones, by id. */
  readonly instances: readonly InstanceReason[];
  readonly blocked: Blocked | null;
  /** In order of time. */
  readonly next: readonly NextStep[];
}

/** Asks the functions that decide, so that it cannot say one thing while they do another. Null: not in the snapshot. */
export function explain(snapshot: Snapshot, now: Millis, deploymentId: string): Explanation | null {
  const deployment = snapshot.deployments.find((d) => d.id === deploymentId);
  if (deployment === undefined) return null;
  const held = snapshot.instances.filter(holdsResources).toSorted(byId);
  const fleet = fleetOf(deployment, held, now, drainingHosts(snapshot.hosts));
  const surplus = surplusOf(fleet, now);
  const plan = planCycle(snapshot, now);
  const done = new Map(plan.actions.flatMap((a) => (a.kind === 'boot' ? [] : [[a.instanceId, a.detail]])));
  const instances = held
    .filter((i) => i.deploymentId === deploymentId)
    .map((i) => {
      const { id, hostId, state, since, inFlight } = i;
      return { id, hostId, state, since, inFlight, ...reasonOf(i, fleet, surplus, done.get(i.id) ?? null, now) };
    });
  const blocked = plan.blocked.find((b) => b.deploymentId === deploymentId) ?? null;
  const boots = plan.actions.flatMap((a) => (a.kind === 'boot' && a.deploymentId === deploymentId ? [a] : []));
  const next: NextStep[] = [
    ...boots.map(({ detail }) => ({ at: null, what: `An instance boots. ${detail}` })),
    ...instances.flatMap(({ id, until }): NextStep[] => {
      const stays = done.get(id);
      if (stays !== undefined) return [{ at: null, what: `${id} goes. ${stays}` }];
      return until === null ? [] : [{ at: until, what: `${id} goes, unless it is needed by then.` }];
    }),
    ...later(fleet, now),
  ];
  return {
    deploymentId,
    demand: deployment.demand,
    needed: fleet.sizing.needed,
    why: sizingInWords(fleet.demand, fleet.sizing, deployment),
    measures: deployment.measures,
    instances,
    blocked,
    next: next.toSorted((a, b) => (a.at ?? -Infinity) - (b.at ?? -Infinity)),
  };
}

type Reason = Pick<InstanceReason, 'why' | 'until' | 'evictable'>;

function reasonOf(
  i: Instance,
  { deployment, booting, serving, stay, sizing }: Fleet,
  surplus: readonly Surplus[],
  done: string | null,
  now: Millis,
): Reason {
  const because = (why: string, rest: Partial<Reason> = {}): Reason => ({
    why,
    until: null,
    evictable: false,
    ...rest,
  });
  const finite = (at: Millis): Millis | null => (at === Infinity ? null : at);
  if (done !== null) return because(done);
  if (i.state === 'stopping') return because('It is being stopped.');
  if (i.state === 'draining')
    return because(
      i.inFlight > 0 ? `It leaves once it has finished ${count(i.inFlight)}.` : 'It is about to be stopped.',
    );
  if (booting.includes(i)) return because(`It has been booting for ${inWords(now - i.since)}.`);
  const slots = deployment.policy.slotsPerInstance;
  if (i.inFlight > 0) return because(`It runs ${count(i.inFlight)}, of ${slots} at a time.`);
  const of = surplus.find(({ spare }) => spare.includes(i));
  if (of === undefined) {
    if (serving.includes(i)) return because('It serves until the new release does.');
    return because(`It is one of the ${sizing.needed} that are needed.`);
  }
  if (of.held.includes(i)) {
    const { reason, until, instances } = of.hold;
    const why =
      reason === 'no-history'
        ? 'Its keep-alive has ended, but the scheduler has not yet looked on for long enough to scale in.'
        : `Its keep-alive has ended, but ${instances} were needed on average in the last ${inWords(STABLE_WINDOW_MS)}.`;
    return because(why, { until, evictable: true });
  }
  const until = finite(stay.expiresAt(i));
  const ends = until === null ? 'it stays until its room is needed' : `it is kept for another ${inWords(until - now)}`;
  return because(`Nothing needs it now; ${ends}.`, { until, evictable: true });
}

/** What time alone brings, beside the end of a keep-alive. */
function later({ deployment: { backoff }, sizing, stay: { expected } }: Fleet, now: Millis): readonly NextStep[] {
  const steps: NextStep[] = [];
  if (backoff !== null && backoff.retryAt > now)
    steps.push({ at: backoff.retryAt, what: 'It may boot again after its failed boots.' });
  if (sizing.growsAt !== null)
    steps.push({ at: sizing.growsAt, what: 'One more boots if the oldest prediction still waits.' });
  if (expected !== null && expected.bootAt > now)
    steps.push({ at: expected.bootAt, what: 'One boots ahead of the use that a timer makes it expect.' });
  return steps;
}

function sizingInWords({ waiting, inFlight }: Demand, sizing: Sizing, { policy, measures }: Deployment): string {
  const { asked, needed, rule, drainMs } = sizing;
  const most = asked > needed ? `, of which the maximum allows ${needed}` : '';
  const least = needed > asked ? ` The minimum is ${policy.minInstances}.` : '';
  if (rule === 'idle') return `Nothing waits and nothing runs.${least}`;
  const load = `${count(waiting)} ${waiting === 1 ? 'waits' : 'wait'} and ${inFlight} ${inFlight === 1 ? 'runs' : 'run'}`;
  if (rule === 'unmeasured')
    return `${load}; its runs and boots are not measured yet, so each gets a slot: ${asked}${most}.${least}`;
  const runs = inWords(measures.runs?.meanMs ?? 0);
  const boots = inWords(measures.boots?.p50Ms ?? 0);
  const pace = `a run takes ${runs} and a boot ${boots}`;
  if (rule === 'overdue')
    return `${load}; ${pace}, but the oldest has waited far longer than that explains, so one more: ${asked}${most}.${least}`;
  return `${load}; ${pace}, so ${asked}${most} can start all of it within ${inWords(drainMs ?? 0)}.${least}`;
}

const count = (predictions: number): string => `${predictions} prediction${predictions === 1 ? '' : 's'}`;
