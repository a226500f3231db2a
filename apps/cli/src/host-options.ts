import type { HostPatch } from '@hearth/contract';
import { UsageError } from './connect.ts';

const SIZE = /^(\d+(?:\.\d+)?)\s*(GiB|GB|MiB|MB|TiB|TB)?$/i;
const MIB: Readonly<Record<string, number>> = {
  mib: 1,
  gib: 1_024,
  tib: 1_048_576,
  mb: 1e6 / 2 ** 20,
  gb: 1e9 / 2 ** 20,
  tb: 1e12 / 2 ** 20,
};

/** `60GiB` → 61440; a plain number is MiB. */
export function parseMiB(option: string, text: string): number {
  const [, amount, unit = 'mib'] = SIZE.exec(text) ?? [];
  const mib = Math.floor(Number(amount) * (MIB[unit.toLowerCase()] ?? Number.NaN));
  if (!(mib >= 1)) throw new UsageError(`${option} is "${text}"; write a size such as 60GiB.`);
  return mib;
}

/** `16` */
export function parseCpus(text: string): number {
  const cpus = Number(text);
  if (!Number.isInteger(cpus) || cpus < 1)
    throw new UsageError(`--cpus is "${text}"; write a whole number such as 16.`);
  return cpus;
}

/** `zone=a` → `{ zone: 'a' }`. */
export function parseLabels(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new UsageError(`--label is "${text}"; write name=value.`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/**
 * `2x24GiB,1x80GiB:H100` → three GPUs. Their ids are their numbers on the machine, which is how an engine takes them too.
 */
export function parseGpus(text: string): { id: string; name: string; vram_mib: number }[] {
  if (text === 'none') return [];
  const kinds = text.split(',').flatMap((kind) => {
    const [, count, size = '', name = 'GPU'] = /^(\d+)x([^:]+)(?::(.+))?$/.exec(kind.trim()) ?? [];
    if (!(Number(count) >= 1)) throw new UsageError(`--gpus is "${text}"; write 2x24GiB, 1x80GiB:H100 or none.`);
    const vram_mib = parseMiB('--gpus', size);
    return Array.from({ length: Number(count) }, () => ({ name, vram_mib }));
  });
  return kinds.map((kind, number) => ({ id: String(number), ...kind }));
}

/** The value of an option that may be given more than once; `--no-…` before it counts no more. */
export const again = (one: string, all?: string[] | boolean): string[] => [...(Array.isArray(all) ? all : []), one];

/** What is said of a host in place of what is found there, as far as it is given. */
export function settingsOf(given: {
  /** `false`: none. */
  readonly label?: string[] | boolean;
  readonly gpus?: string;
  readonly memory?: string;
  readonly cpus?: string;
}): HostPatch {
  const { label, gpus, memory, cpus } = given;
  return {
    ...(Array.isArray(label) && { labels: parseLabels(label) }),
    ...(label === false && { labels: {} }),
    ...(gpus !== undefined && { devices: gpus === 'found' ? null : parseGpus(gpus) }),
    ...(memory !== undefined && { memory_mib: memory === 'found' ? null : parseMiB('--memory', memory) }),
    ...(cpus !== undefined && { cpus: cpus === 'shared' ? null : parseCpus(cpus) }),
  };
}
