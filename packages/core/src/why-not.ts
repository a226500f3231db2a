import { fits, hasLabels, isOfType, isSuited, takes } from './fit.ts';
import { freeBeside } from './free.ts';
import { byId } from './instance.ts';
import type { Host, Need } from './resources.ts';

export interface Refusal {
  /** `no-hardware`: not even an empty fleet could hold it. The others: it could, but not now. */
  readonly reason: 'no-hardware' | 'host-lost' | 'cordoned' | 'no-capacity';
  /** A sentence that the user can act on. */
  readonly detail: string;
}

/** Why `place` found nothing, from the most general cause to the most particular. */
export function whyNot(hosts: readonly Host[], need: Need): Refusal {
  // What most often is so is found before all of the fleet was looked at.
  const open = hosts.some((host) => takes(host, need) && fits(freeBeside(host, []), need));
  if (open) return { reason: 'no-capacity', detail: 'Every host that could hold it is full.' };
  const impossible = whyNever(hosts, need);
  if (impossible !== null) return { reason: 'no-hardware', detail: impossible };
  const fitting = suitedHosts(hosts, need)
    .filter((host) => fits(freeBeside(host, []), need))
    .toSorted(byId);
  const standing = ({ lost, draining }: Host): string => (lost ? 'lost' : draining ? 'draining' : 'cordoned');
  const words = [...new Set(fitting.map(standing))];
  const names = fitting.map((h) => (words.length === 1 ? h.id : `${h.id} (${standing(h)})`)).join(', ');
  const detail = `Every host that could hold it is ${words.join(' or ')}: ${names}.`;
  return { reason: words.includes('lost') ? 'host-lost' : 'cordoned', detail };
}

/** The refusal that is nearest to an end: a SKU that is full now is better news than one that no host has. */
export function nearestRefusal(hosts: readonly Host[], needs: readonly Need[]): Refusal {
  const order: readonly Refusal['reason'][] = ['no-capacity', 'cordoned', 'host-lost', 'no-hardware'];
  const refusals = needs.map((need) => whyNot(hosts, need));
  return refusals.reduce((best, one) => (order.indexOf(one.reason) < order.indexOf(best.reason) ? one : best));
}

const suitedHosts = (hosts: readonly Host[], { runtime, labels }: Need): readonly Host[] =>
  hosts.filter((host) => host.runtimes.includes(runtime) && hasLabels(host, labels));

/** Why not even an empty fleet could hold it; null where it could. */
function whyNever(hosts: readonly Host[], need: Need): string | null {
  if (hosts.length === 0) return 'There is no host.';
  const running = hosts.filter((h) => h.runtimes.includes(need.runtime));
  if (running.length === 0) {
    return need.runtime === 'docker' ? 'No host runs Docker images.' : 'No host runs models as processes.';
  }
  const labelled = suitedHosts(hosts, need);
  if (labelled.length === 0) return `No host has the labels ${inText(need.labels)}.`;
  const gpus = whyNoGpus(labelled, need);
  if (gpus !== null) return gpus;

  const mostMemoryMiB = Math.max(...labelled.map((h) => h.memoryMiB));
  if (mostMemoryMiB < need.memoryMiB) {
    return `An instance needs ${need.memoryMiB} MiB of memory; the largest host has ${mostMemoryMiB} MiB.`;
  }
  const mostCpus = Math.max(...labelled.map((h) => h.cpus ?? Infinity));
  if (mostCpus < need.cpus) {
    return `An instance needs ${need.cpus} CPU cores; the largest host promises ${mostCpus}.`;
  }
  if (labelled.some((host) => fits(freeBeside(host, []), need))) return null;
  const parts = [gpusInWords(need), `${need.memoryMiB} MiB of memory`, need.cpus > 0 && `${need.cpus} CPU cores`];
  return `No host has ${parts.filter((part) => part !== false && part !== '').join(' and ')} together.`;
}

function whyNoGpus(hosts: readonly Host[], need: Need): string | null {
  if (need.gpus === 0 && need.gpuShareMiB === 0) return null;
  const ofType = hosts.flatMap((h) => h.devices).filter((d) => isOfType(d.name, need.gpuType));
  if (need.gpuType !== null && ofType.length === 0) return `No host has a GPU of type ${need.gpuType}.`;
  const leastMiB = Math.max(need.vramMiB, need.gpuShareMiB);
  if (!ofType.some((d) => d.vramMiB >= leastMiB)) return `No host has ${aGpu(need, leastMiB)}.`;
  const mostGpus = Math.max(...hosts.map((h) => h.devices.filter((d) => isSuited(d, need)).length));
  if (mostGpus >= need.gpus) return null;
  return `An instance needs ${gpusInWords(need)} on one host; no host has more than ${mostGpus}.`;
}

const aGpu = ({ gpuType }: Need, leastMiB: number): string =>
  `a GPU${gpuType === null ? '' : ` of type ${gpuType}`} with at least ${leastMiB} MiB`;

function gpusInWords(need: Need): string {
  if (need.gpuShareMiB > 0) return aGpu(need, Math.max(need.vramMiB, need.gpuShareMiB));
  if (need.gpus === 0) return '';
  return `${need.gpus} GPUs${need.gpuType === null ? '' : ` of type ${need.gpuType}`} with at least ${need.vramMiB} MiB`;
}

const inText = (labels: Need['labels']): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .toSorted()
    .join(', ');
