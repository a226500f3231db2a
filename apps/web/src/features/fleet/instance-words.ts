import type { BoardDeployment, BoardHost, BoardInstance } from '@hearth/contract';
import type { Tone } from '../../ui/badge.tsx';

/** What an instance is doing, as the board colours it. */
export type Doing = 'booting' | 'idle' | 'busy' | 'draining' | 'stopping';

export function doingOf({ state, in_flight }: Pick<BoardInstance, 'state' | 'in_flight'>): Doing {
  if (state === 'booting' || state === 'draining') return state;
  if (state === 'ready') return in_flight > 0 ? 'busy' : 'idle';
  return 'stopping';
}

export const TONES: Record<Doing, Tone> = {
  booting: 'booting',
  idle: 'warm',
  busy: 'busy',
  draining: 'info',
  stopping: 'neutral',
};

/** Tailwind's classes of bars, which it finds by reading them here. */
export const BARS: Record<Doing, string> = {
  booting: 'bg-booting/70',
  idle: 'bg-warm/45',
  busy: 'bg-busy',
  draining: 'bg-info',
  stopping: 'bg-ink-faint',
};

/** Of bars with a name in them. */
export const SEATS: Record<Doing, string> = {
  booting: 'border-l-booting bg-booting-soft text-booting',
  idle: 'border-l-warm bg-warm-soft text-warm',
  busy: 'border-l-busy bg-busy-soft text-busy',
  draining: 'border-l-info bg-info-soft text-info',
  stopping: 'border-l-ink-faint bg-hover text-ink-muted',
};

/** The newest phase that began; null before the first. */
export function phaseOf({ phases }: Pick<BoardInstance, 'phases'>): string | null {
  const begun = Object.entries(phases).toSorted(([, a], [, b]) => (a < b ? 1 : -1));
  return begun[0]?.[0] ?? null;
}

/** The end of an id: enough to tell the ones on a screen apart. */
export const shortId = (id: string): string => id.slice(-6);

/** Who holds how much of a GPU; the rest is held by instances that the reader may not see. */
export interface Held {
  readonly shown: readonly { readonly instance: BoardInstance; readonly mib: number }[];
  readonly hiddenMiB: number;
  readonly freeMiB: number;
}

export function heldOn(device: BoardHost['devices'][number], here: readonly BoardInstance[]): Held {
  const shown = here
    .filter(({ devices }) => devices.includes(device.id))
    .map((instance) => ({ instance, mib: instance.gpu_share_mib === 0 ? device.vram_mib : instance.gpu_share_mib }));
  const seen = shown.reduce((sum, { mib }) => sum + mib, 0);
  return {
    shown,
    hiddenMiB: Math.max(0, device.held_mib - seen),
    freeMiB: Math.max(0, device.vram_mib - Math.max(seen, device.held_mib)),
  };
}

/** Instances by host. A host on which nothing changed keeps the list that it had before. */
export function groupedByHost(
  instances: Iterable<BoardInstance>,
  before: ReadonlyMap<string, readonly BoardInstance[]>,
): ReadonlyMap<string, readonly BoardInstance[]> {
  const groups = Map.groupBy(instances, ({ host }) => host);
  return new Map(
    [...groups].map(([host, here]) => {
      const known = before.get(host);
      const isSame = known?.length === here.length && known.every((one, n) => one === here[n]);
      return [host, isSame ? known : here];
    }),
  );
}

/** Deployments that have something to say about waiting, the longest queue first. */
export const waitingOf = (deployments: Iterable<BoardDeployment>): BoardDeployment[] =>
  [...deployments]
    .filter(({ queue, reason }) => queue.waiting > 0 || reason !== null)
    .toSorted((a, b) => b.queue.waiting - a.queue.waiting || (a.id < b.id ? -1 : 1));
