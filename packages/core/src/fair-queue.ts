/**
 * Whose prediction is next in the queue of one deployment: start-time fair queueing (Goyal 1996; the Virtual Token Counter
 * of OSDI 2024 is the same idea for language models). Each account has a virtual time. A prediction's turn is where its
 * account stands when it is made, and the account then moves on by a round over its weight. The lowest turn is next.
 * An account that comes back after having waited for nothing stands where the queue stands: it has saved no credit.
 *
 * All predictions of a deployment usually take the same time, so one charge for all of them is fair in GPU seconds too.
 *
 * A turn counts ticks on a scale that never starts anew, so that what an account last had can be compared with what the
 * queue is at, however long ago that was. A queue in which nobody waits stands at the present, and virtual time passes more
 * slowly than real time as long as fewer than a million predictions a second start.
 */
export const TICKS_PER_ROUND = 1_000;
export const TICKS_PER_MS = 1_000_000;
/** The finest difference that a priority tells: an eighth of a round. Within it tickets are in the order they came. */
export const TICKS_PER_STEP = 125;
/** What BullMQ takes. */
export const MAX_PRIORITY = 2 ** 21 - 1;
/** From a queue whose next ticket has more than this, what has passed is taken off all of its priorities. */
export const REBASE_AT = 2 ** 20;

/** A prediction's place in its queue. */
export interface Turn {
  /** In ticks. */
  readonly turn: number;
  /** What its ticket is queued with: 0 is next of all, before 1, and equal ones are in the order they came. */
  readonly priority: number;
}

export interface Joining {
  /** The turn that is next in the queue; null where nobody waits. Those that were given back are not looked at. */
  readonly head: Turn | null;
  /** The highest turn that the account has had in this queue lately, waiting or not; null: none. */
  readonly last: number | null;
  /** The account's share, relative to others. */
  readonly weight: number;
  /** In ticks. */
  readonly now: number;
}

/** How far one prediction moves its account on. */
export const chargeOf = (weight: number): number => Math.max(1, Math.round(TICKS_PER_ROUND / weight));

const stepOf = (turn: number): number => Math.floor(turn / TICKS_PER_STEP);

/**
 * The turn of a new prediction. Even priorities are for accounts that come to a queue that has moved past them: they go
 * before the next of those who have been waiting in line, and behind each other. Odd ones are for everybody else.
 * The store's insert says the same in SQL; a test holds the two together.
 */
export function joinQueue({ head, last, weight, now }: Joining): Turn {
  if (head === null) return { turn: stepOf(now) * TICKS_PER_STEP, priority: 0 };
  const origin = originOf(head);
  const due = last === null ? 0 : last + chargeOf(weight);
  const stands = stepOf(head.turn) * TICKS_PER_STEP;
  if (due <= stands) return { turn: stands, priority: bounded(2 * (stepOf(stands) - origin)) };
  const turn = Math.max(due, head.turn);
  return { turn, priority: bounded(2 * (stepOf(turn) - origin) + 1) };
}

/** The step that has priority 0, as long as somebody waits. */
const originOf = ({ turn, priority }: Turn): number => stepOf(turn) - Math.floor(priority / 2);

/** Beyond what BullMQ takes, tickets are in the order they came until the queue is rebased. */
const bounded = (priority: number): number => Math.min(MAX_PRIORITY, priority);
