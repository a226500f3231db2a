import type { Instance } from './instance.ts';

/** What a deployment runs now. */
export interface Release {
  readonly versionId: string;
  readonly hardwareSku: string;
}

/** Runs another version, or on other hardware, than its deployment says now: no capacity, whatever its state. */
export const isStale = (instance: Instance, release: Release): boolean =>
  instance.versionId !== release.versionId || instance.hardwareSku !== release.hardwareSku;

/**
 * Which stale instances go now; the others serve on until a fresh one is ready.
 *
 * | stale instance | no fresh one ready | a fresh one ready |
 * |---|---|---|
 * | booting | drain | drain |
 * | ready, idle | drain | drain |
 * | ready, busy | stays | drain |
 */
export const retiring = (stale: readonly Instance[], freshIsReady: boolean): readonly Instance[] =>
  stale.filter((i) => i.state === 'booting' || (i.state === 'ready' && (freshIsReady || i.inFlight === 0)));
