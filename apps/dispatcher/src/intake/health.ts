import type { CogHealthStatus } from '@hearth/contract';
import type { Millis } from '@hearth/core';
import type { Context } from '../context.ts';
import type { Ending, Run } from '../runs/runs.ts';
import type { Attachment, Consumers } from './consumers.ts';

/** Asks instances how they are, and what became of runs that have gone silent. */
export interface Health {
  /** Asks one now. */
  check(attachment: Attachment): Promise<void>;
  /** Asks those that are due: idle ones now and then, busy ones whose runs are silent. */
  checkDue(): Promise<void>;
}

/** A server in this state takes no prediction ever again. */
export const breaksInstance = (status: CogHealthStatus): boolean =>
  status === 'DEFUNCT' || status === 'SETUP_FAILED' || status === 'UNHEALTHY';

type HealthContext = Pick<Context, 'runs' | 'now' | 'timings'>;

export function createHealth(
  { runs, now, timings }: HealthContext,
  consumers: Pick<Consumers, 'all' | 'markUnhealthy'>,
): Health {
  const check = async (attachment: Attachment): Promise<void> => {
    attachment.askedAt = now();
    const status = await attachment.client.health();
    if (status === null) return;
    if (status === 'BUSY') attachment.tellsBusy = true;
    if (breaksInstance(status)) consumers.markUnhealthy(attachment, `its server reports ${status}`);
    if (isBusyAlone(attachment, status, now())) consumers.markUnhealthy(attachment, BUSY_ALONE);
    for (const run of runs.ofInstance(attachment.instance.id)) {
      // Whatever it is doing with it, nobody will hear of it.
      if (run.doubt === 'torn') void attachment.client.cancel(run.cogId);
      if (mayBeUnsent(run)) await askWhetherSent(run);
      const ending = judge(run, status, now(), timings.probeMs);
      if (ending) run.end(ending, now());
    }
  };
  /**
   * A state says nothing of one run among several, and no server can be asked for one: but it says whether there was
   * something to cancel. What it loses so was sent in the last moments of the dispatcher before, or to a server that says
   * nothing of its runs until their end.
   */
  const askWhetherSent = async (run: Run): Promise<void> => {
    const answer = await run.attachment.client.cancel(run.cogId);
    // Heard of meanwhile, it is in doubt no more.
    if (answer === 'unreached' || !mayBeUnsent(run)) return;
    const why = 'the dispatcher before may never have sent it';
    run.end({ kind: 'giveBack', lost: answer === 'told', rest: false, why }, now());
  };
  const isDue = (attachment: Attachment): boolean => {
    // The scheduler asks it until it is ready.
    if (attachment.instance.state === 'booting') return false;
    const held = runs.ofInstance(attachment.instance.id).filter(isHeld);
    if (held.length === 0) return isPast(attachment.askedAt, timings.idleProbeMs);
    return held.some(mayBeUnsent) || held.every((run) => isPast(run.lastHeardAt, timings.probeMs));
  };
  /** A clock that was set back tells nothing about how long it has been: then it is time to ask. */
  const isPast = (at: Millis, ms: number): boolean => Math.abs(now() - at) >= ms;
  /** A slot that its server lost (coglet never frees one whose worker broke) is a slot that nobody gets. */
  const isBusyAlone = (attachment: Attachment, status: CogHealthStatus, at: Millis): boolean => {
    const alone = status === 'BUSY' && !runs.ofInstance(attachment.instance.id).some(isHeld);
    attachment.busySince = alone ? (attachment.busySince ?? at) : null;
    return attachment.busySince !== null && at - attachment.busySince >= timings.strayBusyMs;
  };
  return {
    check,
    async checkDue() {
      await Promise.all(consumers.all().filter(isDue).map(check));
    },
  };
}

const BUSY_ALONE = 'its server is busy, though nothing of ours runs on it';

/** It was taken, or may have been: then being busy is no wonder. */
const isHeld = (run: Run): boolean => run.startedAt !== null || run.answering !== null || run.doubt !== null;

/** Its dispatcher ended before it could note that the container had taken it, and its container's state can't tell either. */
const mayBeUnsent = ({ doubt, isNoted, isOver, attachment }: Run): boolean =>
  doubt === 'adopted' && !isNoted && !isOver && attachment.instance.slots > 1;

/**
 * What an instance's state says of a run it should be holding, where it says anything. A state that does not fit must be
 * seen twice, `apartMs` apart, with no report in between; `run.freeSince` is when it was first seen.
 *
 * `READY` on a container of one slot means that it holds nothing. But a server of somebody's own may never say `BUSY`: it
 * is believed only where it is known to say so, or where we don't know that the run ever began.
 */
function judge(run: Run, status: CogHealthStatus, now: Millis, apartMs: number): Ending | null {
  const { instance, tellsBusy } = run.attachment;
  if (run.doubt === 'torn')
    return { kind: 'giveBack', lost: true, rest: true, why: 'the connection broke while it was being sent' };
  const free = status === 'READY' && instance.slots === 1 && !run.answering && (tellsBusy || run.doubt === 'adopted');
  const dead = status === 'DEFUNCT' || status === 'SETUP_FAILED';
  // One that was not taken yet (the container said it was full) is still being offered.
  if (run.isOver || run.startedAt === null || (!free && !dead)) {
    run.freeSince = null;
    return null;
  }
  run.freeSince ??= now;
  if (now - run.freeSince < apartMs) return null;
  if (dead)
    return {
      kind: 'finish',
      status: 'failed',
      error: `The model's process died while it ran (its server reports ${status}).`,
    };
  return { kind: 'giveBack', lost: true, rest: false, why: 'its instance no longer knew of it' };
}
