import type { PROMISES } from './promises.ts';

/** A bug put into the core on purpose. */
export interface Mutant {
  readonly bug: string;
  readonly file: string;
  /** Occurs once in the file. */
  readonly from: string;
  readonly to: string;
  /** The promise that it breaks. */
  readonly breaks: keyof typeof PROMISES;
}

export const MUTANTS: readonly Mutant[] = [
  {
    bug: 'room is given away before what leaves has left it',
    file: 'room-memory.ts',
    from: 'const both = freeInBoth(now, later);',
    to: 'const both = later;',
    breaks: 'no host holds more than it has',
  },
  {
    bug: 'what stops is taken to hold nothing any more',
    file: 'instance.ts',
    from: "i.state !== 'stopped' && i.state !== 'failed'",
    to: "i.state !== 'stopped' && i.state !== 'failed' && i.state !== 'stopping'",
    breaks: 'no host holds more than it has',
  },
  {
    bug: 'a GPU that is taken counts as free',
    file: 'free.ts',
    from: 'freeMiB: device.vramMiB - (takenMiB.get(device.id) ?? 0)',
    to: 'freeMiB: device.vramMiB',
    breaks: 'no GPU is booked twice',
  },
  {
    bug: 'a cordoned host takes new instances',
    file: 'fit.ts',
    from: '!cordoned && !draining && !lost',
    to: '!draining && !lost',
    breaks: 'nothing boots on a host that is closed or of another kind',
  },
  {
    bug: 'keep-alive looks at the clock alone, not at what runs',
    file: 'keep-alive.ts',
    from: "i.state === 'ready' && i.inFlight === 0",
    to: "i.state === 'ready'",
    breaks: 'what is busy is neither idled away, nor evicted, nor stopped',
  },
  {
    bug: 'a stop does not wait for the dispatcher',
    file: 'plan.ts',
    from: "i.state === 'draining' && i.intakeClosed && i.inFlight === 0",
    to: "i.state === 'draining'",
    breaks: 'what is busy is neither idled away, nor evicted, nor stopped',
  },
  {
    bug: 'one that is leaving is evicted for a second waiter',
    file: 'growth.ts',
    from: 'i.deploymentId !== deployment.id && views.stays(i)',
    to: 'i.deploymentId !== deployment.id',
    breaks: 'each instance is named once, for a legal move',
  },
  {
    bug: 'demand scales beyond the maximum',
    file: 'autoscale.ts',
    from: 'Math.min(Math.max(asked, policy.minInstances), policy.maxInstances)',
    to: 'Math.max(asked, policy.minInstances)',
    breaks: 'there are never more than the maximum',
  },
  {
    bug: 'the minimum is forgotten while something is asked for',
    file: 'autoscale.ts',
    from: 'Math.min(Math.max(asked, policy.minInstances), policy.maxInstances)',
    to: 'Math.min(asked, policy.maxInstances)',
    breaks: 'the minimum is kept: never idled or evicted below it, and booted where there is room',
  },
  {
    bug: 'a release ends the one before it at once',
    file: 'rollout.ts',
    from: 'if (freshReady === 0) return booting;',
    to: '',
    breaks: 'what is warm stays warm while a new release is not ready',
  },
  {
    bug: 'the newest wait goes first',
    file: 'fair-order.ts',
    from: 'a.rank - b.rank',
    to: 'b.rank - a.rank',
    breaks: 'of equals the longest wait gets the room',
  },
  {
    bug: 'what drains is taken for capacity',
    file: 'instance.ts',
    from: "i.state === 'booting' || i.state === 'ready'",
    to: "i.state !== 'stopped' && i.state !== 'failed'",
    breaks: 'each instance is named once, for a legal move',
  },
  {
    bug: 'nobody looks again when a keep-alive ends',
    file: 'keep-alive.ts',
    from: 'nextExpiryAt: next === Infinity ? null : next',
    to: 'nextExpiryAt: null',
    breaks: 'zero, one, zero: one prediction boots one instance, which goes when its keep-alive ends',
  },
  {
    bug: 'one slot is counted for every prediction that waits, however short',
    file: 'autoscale.ts',
    from: '1 + Math.floor(drainMs / Math.max(1, runs.meanMs))',
    to: '1',
    breaks: 'nothing boots that would find the queue started',
  },
  {
    bug: 'a slot is believed to start twice as many as it can',
    file: 'autoscale.ts',
    from: '1 + Math.floor(drainMs / Math.max(1, runs.meanMs))',
    to: '2 * (1 + Math.floor(drainMs / Math.max(1, runs.meanMs)))',
    breaks: 'a burst on a cold deployment starts within a boot and the time in which one more would boot',
  },
  {
    bug: 'a scheduler that has just started scales in by what it has not seen',
    file: 'scale-in.ts',
    from: 'now < knownAt && ready.some(',
    to: 'false && ready.some(',
    breaks: 'after a restart nothing is scaled in until a minute was seen',
  },
  {
    bug: 'scale-in is not damped',
    file: 'fleet.ts',
    from: 'ready.length - hold.instances',
    to: 'ready.length',
    breaks: 'as many stay as were needed on average in the last minute',
  },
];
