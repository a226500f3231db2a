import type { Millis } from '@hearth/core';
import type { InstanceLife } from '@hearth/store';

export interface LifeSpan {
  readonly what: 'booting' | 'idle' | 'busy' | 'draining' | 'stopping';
  /** Of a boot: which part of it. */
  readonly phase: string | null;
  readonly from: Millis;
  readonly until: Millis;
}

/** An instance's life in spans without a gap, to its end or to `now`. Pure. What it does while it drains is draining. */
export function spansOf(life: InstanceLife, now: Millis): readonly LifeSpan[] {
  const { moves, phases, createdAt } = life;
  const end = endOf(life) ?? Math.max(now, createdAt);
  const ready = moves.ready ?? phases.ready ?? null;
  const stopping = moves.stopping ?? end;
  const leaves = moves.draining ?? stopping;
  const bootEnd = Math.min(ready ?? leaves, leaves);
  const spans = [
    ...bootSpans(life, bootEnd),
    ...(ready === null ? [] : upSpans(life, ready, leaves)),
    { what: 'draining' as const, phase: null, from: leaves, until: stopping },
    { what: 'stopping' as const, phase: null, from: stopping, until: end },
  ];
  return spans.filter(({ from, until }) => until > from);
}

/** When it was over; null while it lives. */
export const endOf = ({ state, since }: InstanceLife): Millis | null =>
  state === 'stopped' || state === 'failed' ? since : null;

/** By the times of the stamps: an image that turns out to be missing is pulled after the first try to create. */
function bootSpans({ phases, createdAt }: InstanceLife, end: Millis): LifeSpan[] {
  const begun = Object.entries(phases)
    .filter(([phase, at]) => phase !== 'ready' && at < end)
    .toSorted(([, a], [, b]) => a - b);
  const from = begun[0]?.[1] ?? end;
  const before: LifeSpan = { what: 'booting', phase: null, from: createdAt, until: from };
  return [
    before,
    ...begun.map(([phase, at], n): LifeSpan => ({ what: 'booting', phase, from: at, until: begun[n + 1]?.[1] ?? end })),
  ];
}

function upSpans({ busy }: InstanceLife, from: Millis, until: Millis): LifeSpan[] {
  const spans: LifeSpan[] = [];
  let at = from;
  const idleTo = (to: Millis): void => {
    spans.push({ what: 'idle', phase: null, from: at, until: to });
  };
  for (const [begin, over] of busy) {
    const [start, end] = [Math.max(at, begin), Math.min(over, until)];
    if (end <= start) continue;
    idleTo(start);
    spans.push({ what: 'busy', phase: null, from: start, until: end });
    at = end;
  }
  idleTo(until);
  return spans;
}
