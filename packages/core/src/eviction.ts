import { fits, isSuited, takes } from './fit.ts';
import { type Free, type FreeResources, type Holder, isWhole } from './free.ts';
import { byId, type Instance } from './instance.ts';
import { placeOn } from './placement.ts';
import type { Host, Need, Placement } from './resources.ts';

export interface Eviction {
  /** Where the need fits once the victims have left. */
  readonly placement: Placement;
  /** Empty where what is leaving already makes the room. */
  readonly victims: readonly Instance[];
}

/** What one instance gives back towards a need: memory, and GPUs that are large enough. */
interface Yield {
  readonly instance: Instance;
  readonly memoryMiB: number;
  readonly gpus: number;
}

/**
 * The fewest instances to drain on one host so that `need` fits, and of as few the ones that may go first; null where no
 * host can make room. The caller says who may be asked, and in what order: `evictable` holds no busy instance and none
 * that a minimum protects, the one that is missed least first.
 */
export function evictionFor(
  need: Need,
  hosts: readonly Host[],
  free: Free,
  evictable: readonly Instance[],
): Eviction | null {
  const placement = placeOn(hosts, free, need);
  if (placement !== null) return { placement, victims: [] };

  const onHost = Map.groupBy(evictable, ({ hostId }) => hostId);
  const places = new Map(evictable.map((instance, n) => [instance, n]));
  const options = hosts.flatMap((host) => {
    const victims = takes(host, need) ? victimsOn(host, free(host), need, onHost.get(host.id) ?? []) : null;
    return victims === null ? [] : { host, victims, dearest: Math.max(...victims.map((i) => places.get(i) ?? 0)) };
  });
  const [best] = options.toSorted(
    (a, b) => a.victims.length - b.victims.length || a.dearest - b.dearest || byId(a.host, b.host),
  );
  return best === undefined ? null : evictionOn(best.host, free(best.host), need, best.victims);
}

/** Where a need then fits on a host whose victims were chosen; null only where they do not suffice. */
export function evictionOn(host: Host, free: FreeResources, need: Need, victims: readonly Instance[]): Eviction | null {
  const placement = placeOn([host], () => givenBack(host, free, victims), need);
  return placement === null ? null : { placement, victims };
}

/** What is free on a host once `leaving`, who are all on it, have left it. */
export function givenBack(host: Host, free: FreeResources, leaving: readonly Holder[]): FreeResources {
  const freeMiB = new Map(free.devices.map((device) => [device.id, device.freeMiB]));
  for (const { deviceIds, gpuShareMiB } of leaving) {
    const eachMiB = gpuShareMiB > 0 ? gpuShareMiB : Infinity;
    for (const id of deviceIds) freeMiB.set(id, (freeMiB.get(id) ?? 0) + eachMiB);
  }
  return {
    memoryMiB: leaving.reduce((sum, one) => sum + one.memoryMiB, free.memoryMiB),
    cpus: leaving.reduce((sum, one) => sum + one.cpus, free.cpus),
    devices: host.devices
      .map((device) => ({ ...device, freeMiB: Math.min(device.vramMiB, freeMiB.get(device.id) ?? 0) }))
      .filter((device) => device.freeMiB > 0),
  };
}

/** Whether a need fits on a host once `leaving` have left it. */
export const makesRoom = (host: Host, free: FreeResources, need: Need, leaving: readonly Holder[]): boolean =>
  fits(givenBack(host, free, leaving), need);

/** The fewest of `evictable`, who are all on that host and in the order in which they may go; null: all do not suffice. */
export function victimsOn(
  host: Host,
  free: FreeResources,
  need: Need,
  evictable: readonly Instance[],
): readonly Instance[] | null {
  const counted = need.gpuShareMiB === 0 && host.cpus === null && evictable.every((i) => i.gpuShareMiB === 0);
  return counted ? fewestWhole(host, free, need, evictable) : fewestSharing(host, free, need, evictable);
}

/**
 * Where GPUs are shared, one of them opens when the right instances leave together. So for each GPU that would do in
 * turn: those on it first, in the order given, until there is room; then none of them who is not needed for it. The
 * fewest of what that finds. Not every set is tried: of many small sharers a smaller one may be missed.
 */
function fewestSharing(
  host: Host,
  free: FreeResources,
  need: Need,
  evictable: readonly Instance[],
): readonly Instance[] | null {
  if (!makesRoom(host, free, need, evictable)) return null;
  const sharers = (id: string): number => evictable.filter((i) => i.deviceIds.includes(id)).length;
  const suited = host.devices.filter((d) => isSuited(d, need)).toSorted((a, b) => sharers(a.id) - sharers(b.id));
  const opened = new Set(free.devices.filter(isWhole).map((d) => d.id));
  const orders = [
    evictable,
    ...suited.map((focus) => {
      const ranked = [focus, ...suited.filter((d) => d !== focus && !opened.has(d.id))].map((d) => d.id);
      return [...new Set([...ranked.flatMap((id) => evictable.filter((i) => i.deviceIds.includes(id))), ...evictable])];
    }),
  ];
  const sets = orders.map((order) => {
    const enough = order.findIndex((_, n) => makesRoom(host, free, need, order.slice(0, n + 1)));
    return order
      .slice(0, enough + 1)
      .toReversed()
      .reduce(
        (kept, one) => {
          const without = kept.filter((other) => other !== one);
          return makesRoom(host, free, need, without) ? without : kept;
        },
        order.slice(0, enough + 1),
      );
  });
  const fewest = sets.reduce((best, one) => (one.length < best.length ? one : best));
  return evictable.filter((i) => fewest.includes(i));
}

/** Where every GPU is held whole: exactly the fewest, and of those sets the first in the order given. */
function fewestWhole(
  host: Host,
  free: FreeResources,
  need: Need,
  evictable: readonly Instance[],
): readonly Instance[] | null {
  const suited = new Set(host.devices.filter((d) => isSuited(d, need)).map((d) => d.id));
  const yields = evictable.map((instance) => ({
    instance,
    memoryMiB: instance.memoryMiB,
    gpus: instance.deviceIds.filter((id) => suited.has(id)).length,
  }));
  let memoryMiB = need.memoryMiB - free.memoryMiB;
  let gpus = need.gpus - free.devices.filter((d) => suited.has(d.id) && isWhole(d)).length;
  let count = yields.findIndex((_, n) => mostMemory(yields, n + 1, gpus) >= memoryMiB) + 1;
  if (count === 0) return null;

  // That many suffice. Of all such sets, the first in order: take each whose place in a set of the right size the rest
  // can still complete.
  const victims: Instance[] = [];
  for (const [n, y] of yields.entries()) {
    if (count === 0) break;
    if (mostMemory(yields.slice(n + 1), count - 1, gpus - y.gpus) < memoryMiB - y.memoryMiB) continue;
    victims.push(y.instance);
    count -= 1;
    gpus -= y.gpus;
    memoryMiB -= y.memoryMiB;
  }
  return victims;
}

/** The most memory that exactly `count` of these give back together with at least `gpus` GPUs; -Infinity if they cannot. */
function mostMemory(yields: readonly Yield[], count: number, gpus: number): number {
  const wanted = Math.max(0, gpus);
  // best[c][g]: the most memory from c of the yields seen so far with g GPUs, where g stops counting at `wanted`.
  const best = Array.from({ length: count + 1 }, () => Array.from({ length: wanted + 1 }, () => -Infinity));
  const at = (c: number, g: number): number => best[c]?.[g] ?? -Infinity;
  const start = best[0];
  if (start !== undefined) start[0] = 0;
  for (const y of yields) {
    for (let c = count; c > 0; c--) {
      const row = best[c];
      if (row === undefined) continue;
      for (let g = wanted; g >= 0; g--) {
        const to = Math.min(wanted, g + y.gpus);
        row[to] = Math.max(at(c, to), at(c - 1, g) + y.memoryMiB);
      }
    }
  }
  return at(count, wanted);
}
