import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { command } from './command.ts';

/** PEM files of one authority: of a server at an address, and of a client that it lets in. */
export interface TlsFiles {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
}

export async function tlsFiles(folder: string, address: string): Promise<TlsFiles> {
  await mkdir(folder, { recursive: true });
  const named = (value: string) => [{ name: 'commonName', value }];
  const authority = await generate(named('an authority for tests'), {
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const ca = { key: authority.private, cert: authority.cert };
  const server = await generate(named(address), {
    algorithm: 'sha256',
    ca,
    extensions: [
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: address }] },
    ],
  });
  const client = await generate(named('hearth'), {
    algorithm: 'sha256',
    ca,
    extensions: [{ name: 'extKeyUsage', clientAuth: true }],
  });
  const write = async (name: string, pem: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, pem, { mode: 0o600 });
    return path;
  };
  return {
    ca: await write('ca.pem', authority.cert),
    server: { cert: await write('server-cert.pem', server.cert), key: await write('server-key.pem', server.private) },
    client: { cert: await write('cert.pem', client.cert), key: await write('key.pem', client.private) },
  };
}

/** Of a server that lets one key in, and what its client needs. */
export interface SshFiles {
  readonly serverConfig: string;
  readonly identity: string;
  readonly knownHosts: string;
}

export async function sshFiles(folder: string, address: string): Promise<SshFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = async (name: string): Promise<{ path: string; open: string }> => {
    const path = join(folder, name);
    await command('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path);
    return { path, open: await command('ssh-keygen', '-y', '-f', path) };
  };
  const [host, client] = [await key('host'), await key('client')];
  const [authorized, knownHosts, serverConfig] = ['authorized_keys', 'known_hosts', 'sshd_config'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(authorized, client.open, { mode: 0o600 });
  await writeFile(knownHosts, `${address} ${host.open}`, { mode: 0o600 });
  const settings = [
    `ListenAddress ${address}`,
    `HostKey ${host.path}`,
    `AuthorizedKeysFile ${authorized}`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
  ];
  await writeFile(serverConfig, `${settings.join('\n')}\n`);
  return { serverConfig, identity: client.path, knownHosts };
}
