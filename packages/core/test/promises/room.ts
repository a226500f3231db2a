import type { Host, Instance } from '../../src/index.ts';

// What is held where, counted apart from the core, so that a mistake in the core's own arithmetic shows.

const HOLDS_NOTHING: readonly Instance['state'][] = ['stopped', 'failed'];

const heldOn = (host: Host, instances: readonly Instance[]): readonly Instance[] =>
  instances.filter((i) => i.hostId === host.id && !HOLDS_NOTHING.includes(i.state));

/** In words what is held beyond what the host has; empty where nothing is. */
export function overCapacity(host: Host, instances: readonly Instance[]): readonly string[] {
  const held = heldOn(host, instances);
  const memoryMiB = held.reduce((sum, i) => sum + i.memoryMiB, 0);
  const cpus = held.reduce((sum, i) => sum + i.cpus, 0);
  return [
    ...(memoryMiB > host.memoryMiB ? [`${memoryMiB} MiB of memory on ${host.id}`] : []),
    ...(host.cpus !== null && cpus > host.cpus ? [`${cpus} cores on ${host.id}`] : []),
  ];
}

/** GPUs of the host that are held twice: whole beside anybody, or in shares that exceed their memory. */
export function doubleBooked(host: Host, instances: readonly Instance[]): readonly string[] {
  return host.devices.flatMap(({ id, vramMiB }) => {
    const holders = heldOn(host, instances).filter((i) => i.deviceIds.includes(id));
    const whole = holders.filter((i) => i.gpuShareMiB === 0).length;
    const sharesMiB = holders.reduce((sum, i) => sum + i.gpuShareMiB, 0);
    const isDouble = whole > 1 || (whole === 1 && holders.length > 1) || sharesMiB > vramMiB;
    return isDouble ? [`${id} of ${host.id} by ${holders.map((i) => i.id).join(', ')}`] : [];
  });
}

export const hasRoom = (host: Host, instances: readonly Instance[]): boolean =>
  overCapacity(host, instances).length === 0 && doubleBooked(host, instances).length === 0;
