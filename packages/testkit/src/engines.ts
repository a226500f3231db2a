import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerRing } from './docker.ts';
import { command } from './engines/command.ts';
import { type EngineAccess, openEngine, type TestEngine } from './engines/engine.ts';
import { openNetwork, type Plug, type TestNetwork } from './engines/network.ts';

export type { EngineAccess, TestEngine } from './engines/engine.ts';
export { within } from './engines/network.ts';

/**
 * Whether several engines can run here: as root, with their programs. Where `HEARTH_TEST_REQUIRE` names docker, what is
 * missing is a failure, not a skip.
 */
export async function enginesRing(): Promise<boolean> {
  if (!(await dockerRing())) return false;
  try {
    if (process.getuid?.() !== 0) throw new Error('network namespaces need root');
    for (const program of ['ip', 'nsenter', 'unshare', 'dockerd', 'ssh', 'ssh-keygen', 'sshd'])
      await command('sh', '-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${program}`);
    return true;
  } catch (error) {
    if (process.env.HEARTH_TEST_REQUIRE?.split(',').includes('docker')) throw error;
    return false;
  }
}

/** Docker Engines on machines of their own, beside each other on one network with this one. */
export interface TestEngines {
  readonly engines: readonly TestEngine[];
  readonly network: Pick<TestNetwork, 'gateway' | 'alias' | 'route'>;
  /** Ends all that was started, and removes all that was made. */
  dispose(): Promise<void>;
}

/** `ownNames`: they ask this machine for names, where the caller has to answer; else whom this machine asks. */
export async function startEngines(
  accesses: readonly EngineAccess[],
  { ownNames = false }: { ownNames?: boolean } = {},
): Promise<TestEngines> {
  const network = await openNetwork();
  // On disk: overlay2 does not work on a memory file system.
  const folder = await mkdtemp(join(tmpdir(), `hearth-engines-${network.tag}-`));
  const engines: TestEngine[] = [];
  const dispose = async (): Promise<void> => {
    await Promise.all(engines.map((engine) => engine.dispose()));
    await network.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const machines: { access: EngineAccess; plug: Plug; folder: string }[] = [];
    for (const [n, access] of accesses.entries())
      machines.push({ access, plug: await network.plug(), folder: join(folder, String(n)) });
    const nameserver = ownNames ? network.gateway : undefined;
    engines.push(...(await Promise.all(machines.map((machine) => openEngine({ ...machine, nameserver })))));
    await Promise.all(engines.map((engine) => engine.start()));
    return { engines, network, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
