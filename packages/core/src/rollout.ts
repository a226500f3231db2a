import { beyondMaximum } from './autoscale.ts';
import type { HardwareChoice } from './hardware-choice.ts';
import type { Instance } from './instance.ts';

/** What a deployment runs now. A release that changes only the scale leaves both as they are, and so restarts nothing. */
export interface Release {
  readonly versionId: string;
  readonly hardwareSku: string;
  /** What is taken where that has no room, in order of preference. An instance on it is as good as any. */
  readonly fallback?: readonly Pick<HardwareChoice, 'sku'>[];
}

/** Runs another version, or on other hardware, than its deployment says now. */
export const isStale = (
  instance: Pick<Instance, 'versionId' | 'hardwareSku'>,
  { versionId, hardwareSku, fallback = [] }: Release,
): boolean =>
  instance.versionId !== versionId ||
  (instance.hardwareSku !== hardwareSku && !fallback.some(({ sku }) => sku === instance.hardwareSku));

/**
 * Which stale instances go now; the others serve on, idle or busy, and take new work.
 *
 * | stale instance | no fresh one ready | n fresh ones ready |
 * |---|---|---|
 * | booting | drains | drains |
 * | ready | stays | drains, but for as many as are `needed` beyond the n, or as fresh ones still boot |
 *
 * So the old release gives up its capacity piece by piece, as the new one gets it, the idle pieces first. That one fresh
 * instance boots for each that was needed is remembered by those that boot: between two predictions of a busy caller
 * nobody may be needed.
 */
export function retiring(stale: readonly Instance[], fresh: readonly Instance[], needed: number): readonly Instance[] {
  const booting = stale.filter((i) => i.state === 'booting');
  const ready = stale.filter((i) => i.state === 'ready');
  const freshReady = fresh.filter((i) => i.state === 'ready').length;
  if (freshReady === 0) return booting;
  const stay = Math.max(0, needed - freshReady, fresh.length - freshReady);
  return [...booting, ...beyondMaximum(ready, stay)];
}
