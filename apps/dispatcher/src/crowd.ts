import type { Server, Socket } from 'node:net';

/** Addresses of callers on this machine. */
export const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** Closes what one address opens beyond `most`. Models that are processes of this machine share its loopback, and are left alone. */
export function limitCrowd(server: Server, most: number): void {
  const counts = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const from = socket.remoteAddress;
    if (from === undefined || LOOPBACK.has(from)) return;
    const count = (counts.get(from) ?? 0) + 1;
    counts.set(from, count);
    socket.once('close', () => {
      const left = (counts.get(from) ?? 1) - 1;
      if (left === 0) counts.delete(from);
      else counts.set(from, left);
    });
    if (count > most) socket.destroy();
  });
}
