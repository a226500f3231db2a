import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registryAuth, registryOf } from '../src/runtime/registry-auth.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-docker-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

const config = (content: unknown) => writeFile(join(folder, 'config.json'), JSON.stringify(content));
const basic = Buffer.from('ada:pa:ss').toString('base64');
const authOf = (image: string) =>
  registryAuth(image, { DOCKER_CONFIG: folder, PATH: `${folder}${delimiter}${process.env.PATH ?? ''}` });

it.each([
  ['ada/ocr', 'https://index.docker.io/v1/'],
  ['ocr:1', 'https://index.docker.io/v1/'],
  ['reg:5000/ocr', 'reg:5000'],
  ['ghcr.io/ada/ocr@sha256:0', 'ghcr.io'],
  ['localhost/ocr', 'localhost'],
])('the registry of %s is %s', (image, registry) => {
  expect(registryOf(image)).toBe(registry);
});

describe('the credentials for a registry', () => {
  it('are none where nobody has logged in', async () => {
    expect(await authOf('ghcr.io/ada/ocr')).toBeNull();
    await config({});
    expect(await authOf('ghcr.io/ada/ocr')).toBeNull();
  });

  it.each(['ghcr.io', 'https://ghcr.io', 'https://ghcr.io/v1/'])('are found under %s', async (name) => {
    await config({ auths: { [name]: { auth: basic } } });
    expect(await authOf('ghcr.io/ada/ocr')).toEqual({ serveraddress: 'ghcr.io', username: 'ada', password: 'pa:ss' });
    expect(await authOf('elsewhere.io/ada/ocr')).toBeNull();
  });

  it('may be a token in place of a password', async () => {
    await config({ auths: { 'ghcr.io': { identitytoken: 'long' } } });
    expect(await authOf('ghcr.io/ada/ocr')).toEqual({ serveraddress: 'ghcr.io', identitytoken: 'long' });
  });

  it('come from the helper that the file names', async () => {
    const answer = '{"ServerURL":"x","Username":"ada","Secret":"s"}';
    const script = `#!/bin/sh\nread registry\n[ "$registry" = ghcr.io ] && echo '${answer}' && exit 0\necho 'credentials not found in native keychain'; exit 1\n`;
    await writeFile(join(folder, 'docker-credential-test'), script, { mode: 0o755 });
    await config({ credsStore: 'test' });
    expect(await authOf('ghcr.io/ada/ocr')).toEqual({ serveraddress: 'ghcr.io', username: 'ada', password: 's' });
    expect(await authOf('reg:5000/ocr')).toBeNull();
  });

  it('that cannot be had are a failure that names the file or the helper', async () => {
    await config({ credsStore: 'missing' });
    await expect(authOf('ghcr.io/ada/ocr')).rejects.toThrow('docker-credential-missing has no answer for ghcr.io');
    await writeFile(join(folder, 'config.json'), '{');
    await expect(authOf('ghcr.io/ada/ocr')).rejects.toThrow(`${folder}/config.json is not a configuration of Docker`);
  });
});
