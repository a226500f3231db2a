/** The first file descriptor after stdin, stdout and stderr: where systemd and `hearth up` put the socket. */
const FIRST_FD = 3;

/**
 * The listening socket that whoever started this process handed to it, as systemd's socket activation does: LISTEN_FDS says
 * that there is one, LISTEN_PID whose it is. `hearth up` leaves LISTEN_PID out, because it cannot know it in advance.
 * Null where there is none. The variables are taken out of `env`, so that no child takes them for its own.
 */
export function inheritedSocket(env: NodeJS.ProcessEnv = process.env): number | null {
  const { LISTEN_FDS: count, LISTEN_PID: pid } = env;
  for (const key of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']) delete env[key];
  const isOurs = pid === undefined || Number(pid) === process.pid;
  return isOurs && Number(count) >= 1 ? FIRST_FD : null;
}
