import { newSecret } from '@hearth/kit';
import type { Redis } from 'ioredis';

const MARKER = 'hearth:marker';
const LOOK_EVERY_MS = 2_000;

/**
 * Notices a Redis that may have forgotten tickets: after each reconnect, and when the marker, a random word that the
 * first process writes, is gone or another. Each process remembers the word that it saw, so every one of them notices.
 */
export function watchForAmnesia(connection: Redis, forgot: () => void): { close(): void } {
  let known: string | null = null;
  let looking = false;

  const markerOrNew = async (): Promise<string | null> => {
    await connection.set(MARKER, newSecret(12), 'NX');
    return connection.get(MARKER);
  };
  const look = async (): Promise<void> => {
    if (looking || connection.status !== 'ready') return;
    looking = true;
    try {
      const found = await connection.get(MARKER);
      if (found !== null && found === known) return;
      if (known !== null) forgot();
      known = found ?? (await markerOrNew());
    } catch {
      // Redis went away meanwhile; coming back is noticed by itself.
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  const onReady = (): void => {
    forgot();
    known = null;
    void look();
  };
  connection.on('ready', onReady);
  void look();

  return {
    close() {
      clearInterval(timer);
      connection.off('ready', onReady);
    },
  };
}
