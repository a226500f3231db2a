import type { Device } from '@hearth/core';
import type { Logger } from '@hearth/kit';
import type { HostCheck, HostRow } from '@hearth/store';
import { DockerRuntime, type DockerRuntimeOptions } from '../runtime/docker.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { checkHost, type EngineCheckDeps } from './checks.ts';
import { localDevices } from './devices.ts';
import { linkRemote } from './engine-link.ts';
import { remoteDevices } from './probe.ts';

/** A host, connected. */
export interface OpenHost {
  readonly runtimes: readonly Runtime[];
  /** Its GPUs; null where they could not be looked at now. */
  devices(): Promise<readonly Device[] | null>;
  /** Looks at everything that a model's way to it and back depends on. Never rejects. */
  check(row: HostRow): Promise<readonly HostCheck[]>;
}

/** @throws Error where its certificates cannot be read */
export type OpenHosts = (row: HostRow) => OpenHost;

/** This machine. Its runtimes say of themselves whether they answer. */
export const openLocal = (runtimes: readonly Runtime[], log: Logger): OpenHost => ({
  runtimes,
  devices: () => localDevices(log),
  async check() {
    const checks = await Promise.all(runtimes.map(checkLocal));
    return checks.flat();
  },
});

async function checkLocal(runtime: Runtime): Promise<HostCheck[]> {
  const { available, note } = await runtime.capacity();
  const engine: HostCheck = {
    name: 'engine',
    status: available ? 'ok' : 'warning',
    detail: note,
    remedy: available ? null : 'Start it, or leave it out with HEARTH_RUNTIME.',
  };
  return available && runtime instanceof DockerRuntime ? [engine, await runtime.isolation()] : [engine];
}

type RemoteDeps = Pick<EngineCheckDeps, 'callbackPort' | 'now'> & Omit<DockerRuntimeOptions, 'link'>;

/** Machines with a Docker Engine of their own. */
export function opensRemote(deps: RemoteDeps): OpenHosts {
  return (row) => {
    if (row.connection === null) throw new Error(`${row.name} has no address`);
    const link = linkRemote(row.connection);
    const runtime = new DockerRuntime({ ...deps, link });
    let devices: readonly Device[] | null = null;
    const look = async (): Promise<readonly Device[] | null> => {
      const seen = await remoteDevices(link.docker);
      if (typeof seen !== 'string') devices = seen;
      return devices;
    };
    return {
      runtimes: [runtime],
      // A container each time would be too dear; a check looks anew.
      devices: async () => devices ?? look(),
      async check(latest) {
        const checks = await checkHost(latest, { ...deps, link, runtime });
        if (latest.declared.devices === null && checks.some(({ name, status }) => name === 'engine' && status === 'ok'))
          await look();
        return checks;
      },
    };
  };
}
