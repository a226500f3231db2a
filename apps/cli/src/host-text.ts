import type { WireHost } from '@hearth/contract';
import pc from 'picocolors';

/** Whether it can be used, in a word or two. */
export function standingOf({ state, cordoned, draining }: WireHost): string {
  if (state === 'lost') return pc.red('lost');
  if (state === 'new') return pc.yellow('not seen yet');
  if (draining) return pc.yellow('draining');
  return cordoned ? pc.yellow('cordoned') : pc.green('ready');
}

export function gpusText({ devices }: WireHost): string {
  const kinds = Map.groupBy(devices, ({ name, vram_mib }) => `${name} ${Math.round(vram_mib / 1024)} GiB`);
  return [...kinds].map(([kind, { length }]) => `${length} × ${kind}`).join(', ') || 'none';
}

export const labelsText = ({ labels }: Pick<WireHost, 'labels'>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
