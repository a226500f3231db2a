import { createHash } from 'node:crypto';
import type Docker from 'dockerode';
import { statusOf } from '../errors.ts';
import { LABELS } from '../runtime/docker-container.ts';
import { isNotFound } from '../runtime/docker-errors.ts';

/** An installation's network on an engine, and the bridge below it: the kernel takes names of 15 characters. */
export const fenceNetwork = (installation: string): { name: string; bridge: string } => ({
  name: `hearth-${installation}`,
  bridge: `hearth-${createHash('sha256').update(installation).digest('hex').slice(0, 8)}`,
});

/** Makes an installation's network where it is not there yet. @throws what the engine says */
export async function ensureBridge(docker: Docker, installation: string): Promise<void> {
  const { name, bridge } = fenceNetwork(installation);
  try {
    await docker.getNetwork(name).inspect();
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await docker.createNetwork({
      Name: name,
      Driver: 'bridge',
      CheckDuplicate: true,
      EnableIPv6: false,
      Options: {
        'com.docker.network.bridge.name': bridge,
        'com.docker.network.bridge.enable_icc': 'false',
        ...(await sizeOfPackets(docker)),
      },
      Labels: { [LABELS.installation]: installation },
    });
  }
}

const MTU = 'com.docker.network.driver.mtu';

/** An operator whose network takes smaller packets told the engine so, which minds it on its default bridge only. */
async function sizeOfPackets(docker: Docker): Promise<Record<string, string>> {
  const bridges = await docker.listNetworks({ filters: { name: ['bridge'], driver: ['bridge'] } });
  const mtu = bridges.find(({ Name }) => Name === 'bridge')?.Options?.[MTU];
  return mtu === undefined ? {} : { [MTU]: mtu };
}

/** False where containers are on it, which then stay; true where it is gone. @throws what the engine says */
export async function removeBridge(docker: Docker, installation: string): Promise<boolean> {
  try {
    await docker.getNetwork(fenceNetwork(installation).name).remove();
    return true;
  } catch (error) {
    if (isNotFound(error)) return true;
    if ([403, 409].includes(statusOf(error) ?? 0)) return false;
    throw error;
  }
}

/**
 * The address of an engine's host on its default bridge.
 * Docker 20.10 may leave the gateway out of its answer; it is the first address of the subnet then. (Node lists no
 * interface that has no carrier, and a bridge without containers has none.)
 * @throws Error where it has none
 */
export async function bridgeGateway(docker: Docker): Promise<string> {
  const { IPAM } = await docker.getNetwork('bridge').inspect();
  const configs = IPAM?.Config ?? [];
  const gateway = configs.find(({ Gateway }) => Gateway)?.Gateway;
  const subnet = configs.find(({ Subnet }) => Subnet?.includes('.'))?.Subnet;
  const address = gateway ?? subnet?.replace(/\.\d+\/\d+$/, '.1');
  if (address === undefined) throw new Error('its network "bridge" has no gateway address');
  return address;
}
