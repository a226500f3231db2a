import { spawn } from 'node:child_process';
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from '@hearth/kit';
import { eventually } from './house.ts';

/** An image registry for one test file, on a folder of its own. */
export interface TestRegistry {
  /** `127.0.0.1:<port>`: engines speak plain HTTP to registries on loopback. */
  readonly address: string;
  close(): Promise<void>;
}

export interface RegistryOptions {
  /** Lines of an htpasswd file, bcrypt only; left out, everybody may push and pull. */
  readonly htpasswd?: string;
}

/** Debian's name for the reference implementation of the protocol. */
const BINARY = 'docker-registry';

/**
 * Null where no registry is installed: skip, visibly. Where `HEARTH_TEST_REQUIRE` names `registry` (as the CI does), that
 * is a failure instead.
 */
export async function testRegistry({ htpasswd }: RegistryOptions = {}): Promise<TestRegistry | null> {
  if (!(await isOnPath(BINARY))) {
    if (process.env.HEARTH_TEST_REQUIRE?.split(',').includes('registry')) throw new Error(`${BINARY} is not on PATH`);
    return null;
  }
  const folder = await mkdtemp(join(tmpdir(), 'hearth-test-registry-'));
  const address = `127.0.0.1:${await freePort()}`;
  const passwords = join(folder, 'htpasswd');
  if (htpasswd !== undefined) await writeFile(passwords, htpasswd);
  const config = {
    version: 0.1,
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: address },
    ...(htpasswd !== undefined && { auth: { htpasswd: { realm: 'tests', path: passwords } } }),
  };
  const file = join(folder, 'config.yml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config));
  const server = spawn(BINARY, ['serve', file], { stdio: 'ignore' });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  await eventually(`a registry at ${address}`, async () => (await fetch(`http://${address}/v2/`)).status < 500);
  return {
    address,
    async close() {
      server.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

async function isOnPath(binary: string): Promise<boolean> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = await Promise.allSettled(folders.map((folder) => access(join(folder, binary), constants.X_OK)));
  return found.some(({ status }) => status === 'fulfilled');
}
