import type { Logger } from '@hearth/kit';
import type { Bus, PredictionNotice, Room } from './port.ts';

const NOTICES = 'hearth_notices';
const pokesOf = (room: Room): string => `hearth_pokes_${room}`;

type Listener = (payload: string) => void;

export interface BusParts {
  /** Sends what was said within one tick. */
  readonly publish: (messages: readonly (readonly [string, string])[]) => Promise<void>;
  readonly listeners: ReturnType<typeof createListeners>;
  readonly maxNoticeBytes: number;
  /** Called once everything that was said is out. */
  readonly disconnect: () => Promise<void> | void;
  readonly log: Logger;
}

/** Pokes and notices over whatever carries them. */
export function createBus({ publish, listeners, maxNoticeBytes, disconnect, log }: BusParts): Bus {
  const outbox = createOutbox(publish, log);
  const pokes = createPokes((room) => outbox.send(pokesOf(room), ''));
  return {
    poke: pokes.send,
    onPoke: (room, listener) => listeners.add(pokesOf(room), listener),
    announce(notice) {
      const payload = noticePayload(notice, maxNoticeBytes);
      if (payload !== null) outbox.send(NOTICES, payload);
    },
    onNotice: (listener) => listeners.add(NOTICES, (payload) => listener(JSON.parse(payload))),
    async close() {
      pokes.close();
      await outbox.close();
      await disconnect();
    },
  };
}

/** A notice for the wire, without its row where that would not fit; null for a delta that would not. */
function noticePayload(notice: PredictionNotice, maxBytes: number): string | null {
  const whole = JSON.stringify(notice);
  if ((notice.row === undefined && notice.delta === undefined) || Buffer.byteLength(whole) <= maxBytes) return whole;
  return notice.kind === 'delta' ? null : JSON.stringify({ id: notice.id, kind: notice.kind });
}

/** Who listens to which channel in this process. `subscribe` is called once per channel, at its first listener. */
export function createListeners(subscribe: (channel: string) => void, log: Logger) {
  const byChannel = new Map<string, Set<Listener>>();

  const deliver = (channel: string, payload: string): void => {
    for (const listener of byChannel.get(channel) ?? []) {
      try {
        listener(payload);
      } catch (error) {
        log.error({ err: error }, `a listener of ${channel} failed`);
      }
    }
  };
  return {
    channels: () => [...byChannel.keys()],
    deliver,
    /** A poke may have been lost while the connection was away, so everybody looks again. */
    reconnected: (): void => {
      for (const channel of byChannel.keys()) if (channel !== NOTICES) deliver(channel, '');
    },
    add: (channel: string, listener: Listener): (() => void) => {
      const known = byChannel.get(channel);
      const listeners = known ?? new Set<Listener>();
      // A function of its own, so that adding the same listener twice is two subscriptions.
      const entry: Listener = (payload) => listener(payload);
      listeners.add(entry);
      if (!known) {
        byChannel.set(channel, listeners);
        subscribe(channel);
      }
      return () => void listeners.delete(entry);
    },
  };
}

const POKE_SPACING_MS = 20;

/**
 * Pokes a room at once, and then at most every 20 ms while it is being poked: the last poke is never swallowed. Who is
 * poked looks at everything anyway, and a request's path is no place for a hundred such looks a second.
 */
function createPokes(poke: (room: Room) => void) {
  const resting = new Map<Room, { again: boolean; readonly timer: NodeJS.Timeout }>();
  const rest = (room: Room): void => {
    const timer = setTimeout(() => {
      const { again } = resting.get(room) ?? { again: false };
      resting.delete(room);
      if (again) send(room);
    }, POKE_SPACING_MS);
    resting.set(room, { again: false, timer: timer.unref() });
  };
  const send = (room: Room): void => {
    const known = resting.get(room);
    if (known) known.again = true;
    else {
      poke(room);
      rest(room);
    }
  };
  return {
    send,
    /** Says now what was still to be said. */
    close(): void {
      for (const [room, { again, timer }] of resting) {
        clearTimeout(timer);
        if (again) poke(room);
      }
      resting.clear();
    },
  };
}

/**
 * Sends what was said within one tick together, in order, and never two batches at once. A message repeated within a
 * batch goes out once: both kinds only say "look again" about the same thing.
 */
function createOutbox(send: BusParts['publish'], log: Logger) {
  let waiting = new Map<string, readonly [string, string]>();
  let sending: Promise<void> | null = null;
  let failing = false;
  let closed = false;

  const sendAll = async (): Promise<void> => {
    // Lets the rest of this tick join the batch.
    await Promise.resolve();
    while (waiting.size > 0) {
      const messages = [...waiting.values()];
      waiting = new Map();
      try {
        await send(messages);
        failing = false;
      } catch (error) {
        if (!failing) log.warn({ err: error }, 'publishing failed; pokes and notices are lost until it works again');
        failing = true;
      }
    }
    sending = null;
  };
  return {
    send(channel: string, payload: string): void {
      if (closed) return;
      waiting.set(`${channel} ${payload}`, [channel, payload]);
      sending ??= sendAll();
    },
    async close(): Promise<void> {
      closed = true;
      await sending;
    },
  };
}
