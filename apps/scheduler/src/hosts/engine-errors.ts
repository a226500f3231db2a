import { codeOf, messageOf, statusOf } from '../errors.ts';
import { reasonOf } from '../runtime/docker-errors.ts';

/** What an engine's silence looks like, and what to do about it; most particular first. */
const REMEDIES: readonly (readonly [RegExp, (at: string) => string])[] = [
  [
    /host key verification failed/i,
    (at) =>
      `Its host key is not known here: run \`ssh ${hostOf(at)}\` once as the user that Hearth runs as, or give --known-hosts.`,
  ],
  [
    /permission denied \(|too many authentication failures/i,
    (at) =>
      `SSH refuses the keys of the user that Hearth runs as: put one into the authorized_keys of ${hostOf(at)}, or give --identity.`,
  ],
  [
    /open failed|administratively prohibited/i,
    () =>
      "SSH works, and nobody answers at the engine's socket there: start the engine, and let the user into its group (`docker`).",
  ],
  [/ssh cannot be started/i, () => 'Install an SSH client (openssh-client) on this machine.'],
  [/HTTP request to an HTTPS server/i, () => 'The engine speaks TLS: give --ca, --cert and --key.'],
  [
    /EPROTO|wrong version number|packet length too long/i,
    () => 'The engine does not speak TLS there: leave out --ca, --cert and --key, or use its TLS port (2376).',
  ],
  [
    /ALTNAME|does not match certificate/i,
    () => 'Its certificate is for another name: use a name or address that is in it.',
  ],
  [/CERT_HAS_EXPIRED|certificate has expired/i, () => 'Its certificate has expired: make a new one.'],
  [
    /SELF_SIGNED|UNABLE_TO_|unable to (get|verify)|self.signed/i,
    () => 'Its certificate is not signed by the given --ca.',
  ],
  [
    /ALERT|bad certificate|certificate required|unknown ca/i,
    () => 'The engine refuses our certificate: --cert and --key must be signed by the authority that the engine knows.',
  ],
  [/ENOENT|EACCES/, () => 'Give files that the user of the scheduler can read; paths are on its machine.'],
  [
    /ENOTFOUND|EAI_AGAIN|could not resolve/i,
    () => 'The name does not resolve on this machine: check it, or use an address.',
  ],
  [
    /ssh: connect to host .*connection refused/i,
    (at) => `No SSH server listens on ${hostOf(at)}: start one there, or give its port (ssh://user@host:2222).`,
  ],
  [
    /ECONNREFUSED|connection refused/i,
    () => 'Nothing listens there: start the engine with this address (dockerd -H …), and check the port.',
  ],
  [
    /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|no route|timed out|no answer/i,
    () => 'The host is down, the engine hangs, or a firewall is between: see that this machine may reach that port.',
  ],
  [
    /ECONNRESET|socket hang up/i,
    () =>
      'The connection was broken off: an engine that speaks TLS wants --ca, --cert and --key, signed by an authority that it knows.',
  ],
];

/** In words, what an operator may do where an engine does not answer. */
export function engineRemedy(error: unknown, at: string): string {
  const said = `${codeOf(error) ?? ''} ${statusOf(error) ?? ''} ${messageOf(error)}`;
  const remedy = REMEDIES.find(([words]) => words.test(said))?.[1];
  return remedy?.(at) ?? "See what the engine's own log says.";
}

const hostOf = (at: string): string => at.replace(/^ssh:\/\//, '');

/** What OpenSSL says, between the names of its own parts. */
const TLS_WORDS = /^[\s\S]*:SSL routines:[^:]*:([^:]+):[\s\S]*$/;

/** The words of an engine's error that help whoever reads them, on one line. */
export const wordsOf = (error: unknown): string =>
  reasonOf(messageOf(error))
    .replace(TLS_WORDS, 'TLS: $1')
    // Node's own advice is about certificates of the system; ours are given by hand.
    .replace(/; if the root CA is installed locally.*$/, '')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
