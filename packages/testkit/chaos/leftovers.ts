import { processesWith } from '../src/processes.ts';
import type { World } from './world.ts';

/** What Hearth made on this machine and the engine and did not take away; called when it has ended. */
export async function leftovers({ house, engine }: World): Promise<string[]> {
  const processes = await processesWith(house.dataDir);
  const found = processes.map(({ pid, command }) => `process ${pid}: ${command.replaceAll('\0', ' ')}`);
  if (engine === null) return found;
  const { docker } = engine;
  const containers = await docker.listContainers({ all: true });
  const networks = await docker.listNetworks();
  // An old engine says null where there is none.
  const { Volumes } = (await docker.listVolumes()) as { Volumes: { Name: string }[] | null };
  return [
    ...found,
    ...containers.map(({ Names, Image, Status }) => `container ${Names.join(' ')} of ${Image}: ${Status}`),
    ...networks.filter(({ Name }) => !['bridge', 'host', 'none'].includes(Name)).map(({ Name }) => `network ${Name}`),
    ...(Volumes ?? []).map(({ Name }) => `volume ${Name}`),
  ];
}
