import type { InstanceRow } from '@hearth/store';

const WILDCARDS = new Set(['0.0.0.0', '::']);
const isLoopback = (address: string): boolean =>
  address === 'localhost' || address === '::1' || address.startsWith('127.');

/** The addresses to bind. A wildcard covers the rest, which then only say what containers are to call. */
export function listenAddresses(hosts: readonly string[]): readonly string[] {
  const wildcard = hosts.find((address) => WILDCARDS.has(address));
  return wildcard === undefined ? [...new Set(hosts)] : [wildcard];
}

/** Whether who listens on these listens on that address too. */
export const isCovered = (address: string, hosts: readonly string[]): boolean =>
  hosts.some((host) => host === address || WILDCARDS.has(host));

/**
 * Where an instance reaches the dispatcher, as `http://host:port`: where it was told at its boot; else processes of this
 * machine over loopback, containers over the first address that leads out of their network namespace.
 */
export function callbackBase(
  { runtime, callbackHost }: Pick<InstanceRow, 'runtime' | 'callbackHost'>,
  hosts: readonly string[],
  port: number,
): string {
  const named = hosts.filter((address) => !WILDCARDS.has(address));
  const outside = named.find((address) => !isLoopback(address));
  const own = (runtime === 'docker' ? outside : named.find(isLoopback)) ?? named[0] ?? '127.0.0.1';
  const host = callbackHost ?? own;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
