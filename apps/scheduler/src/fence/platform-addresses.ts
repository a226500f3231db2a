import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { HostRow } from '@hearth/store';

export interface Platform {
  /** URLs of the stores; a socket's path has no host, and is left out. */
  readonly urls: readonly string[];
  readonly hosts: () => Promise<readonly Pick<HostRow, 'connection'>[]>;
}

/** IPv4 addresses of all that is the platform's: this machine, the stores, and the hosts with what they publish. */
export async function platformAddresses({ urls, hosts }: Platform): Promise<readonly string[]> {
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const connections = (await hosts()).flatMap(({ connection }) => connection ?? []);
  const names = [
    ...[...urls, ...connections.map(({ url }) => url)].map((url) => new URL(url).hostname),
    ...connections.flatMap(({ address }) => address ?? []),
  ];
  const found = await Promise.all(names.filter((name) => name !== '').map(addressesOf));
  const all = [...own.filter(({ internal }) => !internal).map(({ address }) => address), ...found.flat()];
  return [...new Set(all.filter((address) => isIPv4(address) && !address.startsWith('127.')))].toSorted();
}

/** A name that does not resolve is nowhere: nothing can be reached there either. */
export async function addressesOf(name: string): Promise<readonly string[]> {
  if (isIPv4(name)) return [name];
  try {
    return (await lookup(name, { family: 4, all: true })).map(({ address }) => address);
  } catch {
    // Also where it only has IPv6, which containers have not.
    return [];
  }
}
