import { byId, type Instance, idleSince, longestIdleFirst } from './instance.ts';
import { type Free, type FreeResources, placeOn, takes } from './placement.ts';
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
 * The fewest, then longest idle, instances to drain on one host so that `need` fits; null where no host can make room.
 * The caller says who may be asked: `evictable` holds no busy instance and none that a minimum protects.
 */
export function evictionFor(
  need: Need,
  hosts: readonly Host[],
  free: Free,
  evictable: readonly Instance[],
): Eviction | null {
  const placement = placeOn(hosts, free, need);
  if (placement !== null) return { placement, victims: [] };

  const options = hosts.flatMap((host) => {
    if (!takes(host, need.runtime)) return [];
    const victims = victimsOn(
      host,
      free(host),
      need,
      evictable.filter((i) => i.hostId === host.id),
    );
    return victims === null ? [] : { host, victims, newestIdle: Math.max(...victims.map(idleSince)) };
  });
  const [best] = options.toSorted(
    (a, b) => a.victims.length - b.victims.length || a.newestIdle - b.newestIdle || byId(a.host, b.host),
  );
  if (best === undefined) return null;
  const freed = placeOn([best.host], (host) => givenBack(host, free(host), best.victims), need);
  return freed === null ? null : { placement: freed, victims: best.victims };
}

/** What is free on a host once `leaving` have left it. */
function givenBack(host: Host, free: FreeResources, leaving: readonly Instance[]): FreeResources {
  const returned = new Set(leaving.flatMap((i) => i.deviceIds));
  return {
    memoryMiB: leaving.reduce((sum, i) => sum + i.memoryMiB, free.memoryMiB),
    devices: host.devices.filter((d) => returned.has(d.id) || free.devices.includes(d)),
  };
}

function victimsOn(
  host: Host,
  free: FreeResources,
  need: Need,
  evictable: readonly Instance[],
): readonly Instance[] | null {
  const suited = new Set(host.devices.filter((d) => d.vramMiB >= need.vramMiB).map((d) => d.id));
  const yields = evictable.toSorted(longestIdleFirst).map((instance) => ({
    instance,
    memoryMiB: instance.memoryMiB,
    gpus: instance.deviceIds.filter((id) => suited.has(id)).length,
  }));
  let memoryMiB = need.memoryMiB - free.memoryMiB;
  let gpus = need.gpus - free.devices.filter((d) => suited.has(d.id)).length;
  let count = yields.findIndex((_, n) => mostMemory(yields, n + 1, gpus) >= memoryMiB) + 1;
  if (count === 0) return null;

  // That many suffice. Of all such sets, the one that takes the longest idle: take each whose place in a set of the
  // right size the rest can still complete.
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
