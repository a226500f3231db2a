import type { Failure } from '@hearth/core';
import type { InstanceRow } from '@hearth/store';
import type { Ending, Run } from './runs.ts';

/** How a run ends whose instance is no more, by what became of that. Source: docs/decisions/0003-whose-fault.md */
export function endingOnVanished(instance: InstanceRow | null, run: Run): Exclude<Ending, { kind: 'leave' }> {
  const { sentAt, doubt, isNoted } = run;
  const failure = instance?.failure ?? null;
  if (failure === null) return { kind: 'giveBack', lost: true, rest: false, why: 'its instance is gone' };
  if (failure.kind !== 'oom' && failure.kind !== 'crash')
    return { kind: 'giveBack', lost: true, rest: false, why: `its instance was lost (${failure.message})` };
  // What was not there yet did not take it down.
  if (sentAt === null || failure.at < sentAt)
    return { kind: 'giveBack', lost: sentAt !== null, rest: false, why: 'its instance had failed before it began' };
  if (doubt === 'adopted' && !isNoted)
    return { kind: 'giveBack', lost: true, rest: false, why: 'its instance failed, and may never have been sent it' };
  return { kind: 'finish', status: 'failed', error: crashError(failure), logTail: failure.logTail };
}

const crashError = ({ kind, message }: Failure): string =>
  kind === 'oom' ? `The model ran out of memory: ${message}` : `The model crashed while it ran: ${message}`;
