import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { HostConnection } from '@hearth/store';
import { codeOf } from '../errors.ts';

const CONNECT_S = 5;
const ENGINE_SOCKET = '/var/run/docker.sock';
const UP = 'hearth-tunnel';
const LONGEST_WORDS = 2_000;
/** What `ssh` prints comes by another pipe than the end of the connection that it is about. */
const WORDS_COME_WITHIN_MS = 100;
/** The engine's socket is not there, or not for this user: `ssh` takes the connection, and then drops it. */
const DROPPED = new Set(['EPIPE', 'ECONNRESET']);
/** Source: OpenSSH, `channel_input_open_failure`. */
const NOT_OPENED = /^channel \d+: open failed/;

/**
 * A way to an engine's socket through the system's own `ssh`, so that the user's configuration, keys, agent, jump hosts
 * and known hosts are heeded. One `ssh` carries all connections; it is started by the first and again after it ended.
 */
export class SshTunnel {
  readonly #url: URL;
  readonly #ssh: HostConnection['ssh'];
  #running: { child: ChildProcess; folder: string; up: Promise<string> } | null = null;
  /** The end of what the latest `ssh` printed. */
  #said = '';

  /** `url`: `ssh://user@host:port/path/of/the/engine.sock`, everything but the host left out at will. */
  constructor(url: URL, ssh: HostConnection['ssh']) {
    this.#url = url;
    this.#ssh = ssh;
  }

  /** @throws Error with what `ssh` said */
  async connect(): Promise<Socket> {
    this.#running ??= this.#start();
    const socket = connect(await this.#running.up);
    await once(socket, 'connect');
    return socket;
  }

  /** What `ssh` said of a connection that it dropped, in place of that it was dropped. */
  async explain(error: unknown): Promise<unknown> {
    if (!DROPPED.has(codeOf(error) ?? '')) return error;
    await pause(WORDS_COME_WITHIN_MS);
    const said = this.#said.split('\n').findLast((line) => NOT_OPENED.test(line));
    return said === undefined ? error : new Error(said, { cause: error });
  }

  /** A socket for who must be given one along with an error. */
  nowhere(): Socket {
    return new Socket().destroy();
  }

  /** Ends `ssh` and with it all connections. */
  cut(): void {
    this.#running?.child.kill();
    this.#running = null;
  }

  #start(): { child: ChildProcess; folder: string; up: Promise<string> } {
    const folder = mkdtempSync(join(tmpdir(), 'hearth-ssh-'));
    const socket = join(folder, 'engine.sock');
    const remote = this.#url.pathname.length > 1 ? this.#url.pathname : ENGINE_SOCKET;
    const options = ['-o', 'ExitOnForwardFailure=yes', '-o', 'ServerAliveInterval=3', '-o', 'ServerAliveCountMax=2'];
    // The remote command says that the way is open; reading our stdin, it ends with us, whatever ends us.
    const command = `echo ${UP} && exec cat`;
    const args = [...options, ...sshArgs(this.#url, this.#ssh), '-L', `${socket}:${remote}`, '-T', '--'];
    const child = spawn('ssh', [...args, destination(this.#url), command], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-LONGEST_WORDS);
    });
    const running = { child, folder, up: opened(child, socket, () => this.#said) };
    // Who waits for it hears of a failure; where nobody does any more, the next call starts it anew.
    running.up.catch(() => {});
    child.once('close', () => {
      rmSync(folder, { recursive: true, force: true });
      if (this.#running === running) this.#running = null;
    });
    return running;
  }
}

/** Resolves with the path of the local socket once the way is open. @throws Error with what `ssh` said */
function opened(child: ChildProcess, socket: string, said: () => string): Promise<string> {
  // It is written to never, and its end is told by `close`.
  child.stdin?.on('error', () => {});
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes(UP)) resolve(socket);
    });
    child.once('error', (error) => reject(new Error(`ssh cannot be started: ${error.message}`, { cause: error })));
    child.once('close', (code) => reject(new Error(said().trim() || `ssh ended with code ${code}`)));
  });
}

/** The name behind an alias of the SSH configuration. */
export async function sshHostname(url: URL, ssh: HostConnection['ssh']): Promise<string> {
  const { stdout } = await promisify(execFile)('ssh', ['-G', ...sshArgs(url, ssh), '--', destination(url)]);
  return /^hostname (.+)$/m.exec(stdout)?.[1] ?? url.hostname;
}

/** Asks nobody anything: there is nobody to answer. */
const sshArgs = (url: URL, { identity, knownHosts }: HostConnection['ssh']): string[] => [
  '-o',
  'BatchMode=yes',
  '-o',
  `ConnectTimeout=${CONNECT_S}`,
  ...(url.port === '' ? [] : ['-p', url.port]),
  ...(identity === null ? [] : ['-i', identity, '-o', 'IdentitiesOnly=yes']),
  ...(knownHosts === null ? [] : ['-o', `UserKnownHostsFile=${knownHosts}`]),
];

const destination = (url: URL): string =>
  `${url.username === '' ? '' : `${decodeURIComponent(url.username)}@`}${url.hostname.replace(/^\[|\]$/g, '')}`;
