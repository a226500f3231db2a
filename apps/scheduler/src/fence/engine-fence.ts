import type { Logger } from '@hearth/kit';
import type { EngineLink } from '../hosts/engine-link.ts';
import { bridgeGateway } from './bridge.ts';
import { Fence, type FencePolicy } from './fence.ts';
import { addressesOf } from './platform-addresses.ts';

export interface FencingOptions {
  readonly policy: FencePolicy;
  /** What each container may write, in bytes, where the engine can bound it; null: no bound. */
  readonly instanceDiskBytes: number | null;
  readonly callbackPort: number;
  /** Where the dispatcher was told to listen. */
  readonly callbackHosts: readonly string[];
  /** IPv4 addresses of the platform's own machines. */
  readonly kept: () => Promise<readonly string[]>;
}

export interface EngineFence {
  readonly link: EngineLink;
  readonly installation: string;
  readonly fencing: FencingOptions;
  readonly log: Logger;
}

/** The fence of one engine's containers. */
export const createFence = ({ link, installation, fencing, log }: EngineFence): Fence =>
  new Fence({
    ...fencing,
    docker: link.docker,
    installation,
    log,
    callbacks: () => callbackAddresses(link, fencing.callbackHosts),
  });

/** Where an engine's containers are told to reach the dispatcher. @throws Error where that cannot be found out */
export async function callbackHostOf(link: EngineLink): Promise<string> {
  return (await link.whereabouts()).callbackHost ?? bridgeGateway(link.docker);
}

const NOT_FOR_CONTAINERS = /^(0\.0\.0\.0|127\..*|localhost)$/;

/** Of this machine's own containers, also what the dispatcher was told to listen on: reports may go there. */
async function callbackAddresses(link: EngineLink, callbackHosts: readonly string[]): Promise<readonly string[]> {
  const { callbackHost } = await link.whereabouts();
  const named = callbackHosts.filter((host) => !NOT_FOR_CONTAINERS.test(host));
  const hosts = callbackHost === null ? [await bridgeGateway(link.docker), ...named] : [callbackHost];
  return [...new Set((await Promise.all(hosts.map(addressesOf))).flat())];
}
