import { type SpawnOptions, spawnSync } from 'node:child_process';
import { lchownSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * How Postgres, which refuses to run as root, is run:
 * - `self`: we are not root.
 * - `namespace`: root inside out. A user namespace in which we are `nobody`; outside, its files are root's.
 * - `nobody`: as that user, where namespaces are refused (a container with Docker's default seccomp profile).
 */
export type IdentityKind = 'self' | 'namespace' | 'nobody';

export interface Identity {
  readonly kind: IdentityKind;
  /** The command to spawn instead. It becomes the program itself: its pid is the program's. */
  command(program: string, args: readonly string[]): { file: string; args: string[]; options: SpawnOptions };
  /** Makes a file, or a folder and all in it, the property of that user. */
  own(folder: string): void;
}

/** The kind that works here, tried in order; `only` leaves out the others. */
export function chooseIdentity(only?: IdentityKind): Identity {
  if (process.getuid?.() !== 0) return self();
  const nobody = findNobody();
  if (only !== 'nobody') {
    const namespace = inNamespace(nobody);
    if (works(namespace)) return namespace;
  }
  return asNobody(nobody);
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** initdb looks its user up, so it has to be one that the system knows. */
function findNobody(): User {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((user) => user.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined)
    throw new Error(
      'Postgres cannot run as root, and there is no user `nobody` to run it as: run Hearth as another user',
    );
  return { uid: Number(uid), gid: Number(gid) };
}

/** Postgres shuts down in order when we die, even by SIGKILL. Only Linux can do that, by a tool that it nearly always has. */
const followingUs = (program: string, args: readonly string[], extra: readonly string[] = []): string[] =>
  hasSetpriv() ? ['setpriv', '--pdeathsig', 'INT', ...extra, program, ...args] : [program, ...args];

function self(): Identity {
  return {
    kind: 'self',
    command: (program, args) => parted(followingUs(program, args)),
    own: () => {},
  };
}

function inNamespace({ uid, gid }: User): Identity {
  const mapped = ['unshare', '--user', `--map-user=${uid}`, `--map-group=${gid}`];
  return {
    kind: 'namespace',
    command: (program, args) => parted([...mapped, ...followingUs(program, args)]),
    own: (folder) => chownAll(folder, 0, 0),
  };
}

/**
 * Keeps root's right to pass through folders, because neither ours nor the data need be open to everybody (a checkout in
 * /root is not). `no_setuid_fixup` is for access(2), which would otherwise answer for a plain user.
 */
const THROUGH_FOLDERS = [
  '--inh-caps',
  '+dac_override',
  '--ambient-caps',
  '+dac_override',
  '--securebits',
  '+no_setuid_fixup',
];

function asNobody({ uid, gid }: User): Identity {
  const become = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const able: Identity = {
    kind: 'nobody',
    command: (program, args) => parted(followingUs(program, args, [...become, ...THROUGH_FOLDERS])),
    own: (folder) => chownAll(folder, uid, gid),
  };
  if (hasSetpriv() && works(able)) return able;
  return {
    ...able,
    command: (program, args) => ({ file: program, args: [...args], options: { uid, gid } }),
  };
}

const parted = ([file = '', ...args]: string[]) => ({ file, args, options: {} });

const hasSetpriv = (): boolean => spawnSync('setpriv', ['--version'], { stdio: 'ignore' }).status === 0;

function works(identity: Identity): boolean {
  const { file, args, options } = identity.command('true', []);
  return spawnSync(file, args, { ...options, stdio: 'ignore' }).status === 0;
}

function chownAll(path: string, uid: number, gid: number): void {
  const stat = lstatSync(path);
  if (stat.uid === uid && stat.gid === gid) return;
  if (stat.isDirectory())
    for (const entry of readdirSync(path, { recursive: true, encoding: 'utf8' }))
      lchownSync(join(path, entry), uid, gid);
  // Last: it tells the next start that all of it is done.
  lchownSync(path, uid, gid);
}
