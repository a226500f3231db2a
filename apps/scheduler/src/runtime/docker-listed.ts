import type { ContainerInfo } from 'dockerode';
import { LABELS, roleOf, SERVER_PORT } from './docker-container.ts';
import type { SeenNetwork } from './network-pool.ts';
import type { Role } from './runtime.ts';

type Listed = Pick<ContainerInfo, 'Id' | 'Labels' | 'State' | 'Ports'>;

/** A model server's container as the engine lists it. */
export interface SeenServer {
  readonly containerId: string;
  readonly instanceId: string;
  readonly role: Role;
  /** Where its port is published; null where it is not. */
  readonly hostPort: number | null;
  /** `cut off`: it runs, and the network that it had joined is no more. */
  readonly state: 'runs' | 'cut off' | 'ended';
}

/** Tells an installation's containers apart: model servers, and the keepers of networks that were made ahead. Pure. */
export function readContainers(containers: readonly Listed[]): {
  servers: SeenServer[];
  networks: SeenNetwork[];
} {
  const keepers = containers.filter(isKeeper);
  const others = containers.filter((container) => !isKeeper(container));
  const networks = keepers.map((keeper): SeenNetwork => {
    const id = networkOf(keeper);
    const joined = others.find((other) => networkOf(other) === id);
    return { id: id ?? '', running: hasNotEnded(keeper), instanceId: joined?.Labels[LABELS.instance] ?? null };
  });
  const servers = others.map((server): SeenServer => {
    const network = networkOf(server);
    const keeper = keepers.find((keeper) => networkOf(keeper) === network && hasNotEnded(keeper));
    const publisher = network === undefined ? server : keeper;
    const port = publisher?.Ports.find(({ PrivatePort }) => PrivatePort === Number.parseInt(SERVER_PORT, 10));
    return {
      containerId: server.Id,
      instanceId: server.Labels[LABELS.instance] ?? '',
      role: roleOf(server.Labels),
      hostPort: port?.PublicPort ?? null,
      state: !hasNotEnded(server) ? 'ended' : publisher === undefined ? 'cut off' : 'runs',
    };
  });
  return { servers, networks };
}

const isKeeper = ({ Labels }: Listed): boolean => Labels[LABELS.role] === 'network';
const networkOf = ({ Labels }: Listed): string | undefined => Labels[LABELS.network];
const hasNotEnded = ({ State }: Listed): boolean => ['running', 'created', 'restarting', 'paused'].includes(State);
