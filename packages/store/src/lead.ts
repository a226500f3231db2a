import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Connection } from './database.ts';
import type { Lead, Store } from './store.ts';

/** The first half of the two-part advisory lock keys; any number that nothing else on the database uses. */
const LOCK_SPACE = 0x48_45_41_52;
const LOCK_OF = { scheduler: 1, dispatcher: 2 } as const;
type LedRoom = keyof typeof LOCK_OF;

const RENEW_EVERY_MS = 1_000;
/** A leader that could not renew for this long acts no more. It counts from before it asked, so it is the first to know. */
const STEP_BACK_MS = 5_000;
/** A standby ends a leader whose beats stand still for this long. More than STEP_BACK_MS: there are never two. */
const SILENT_MS = 6_000;
const WATCH_EVERY_MS = 500;

/** Postgres then finds by itself within 11 s that a leader's machine is gone, also where no standby watches. */
const KEEPALIVE = 'set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3';

const TAKE_TERM = /* sql */ `
insert into leads (room, term, pid, beats) values ($1, 1, pg_backend_pid(), 0)
on conflict (room) do update set term = leads.term + 1, pid = pg_backend_pid(), beats = 0
returning term`;

const RENEW = 'update leads set beats = beats + 1 where room = $1 and term = $2';

/** The backend of the one that was silent, if it still holds the lock and has still not said a thing. */
const END_SILENT = /* sql */ `
select pg_terminate_backend(locks.pid) from pg_locks locks join leads on leads.pid = locks.pid
where locks.locktype = 'advisory' and locks.granted and locks.objsubid = 2
  and locks.database = (select oid from pg_database where datname = current_database())
  and locks.classid = $1::int::oid and locks.objid = $2::int::oid
  and leads.room = $3 and leads.term = $4 and leads.beats = $5`;

export function createLead(connection: Connection): Store['lead'] {
  return async (room, signal) => {
    signal.throwIfAborted();
    const client = connection.client();
    const lost = new AbortController();
    // An error ends the connection, and the end says it all.
    client.on('error', () => {});
    const ended = () => lost.abort(new Error(`the connection that leads the ${room} is gone`));
    client.on('end', ended);
    const won = new AbortController();
    const watching = endSilentLeaders(connection, room, AbortSignal.any([won.signal, signal]));
    try {
      const term = await Promise.race([takeLead(client, room), rejectWhenAborted(signal)]);
      return holdLead({ room, term, client, lost, ended });
    } catch (error) {
      await client.end();
      throw error;
    } finally {
      won.abort();
      await watching;
    }
  };
}

/** Waits for the lock. Answers the number of the term that begins. */
async function takeLead(client: Client, room: LedRoom): Promise<number> {
  await client.connect();
  await client.query(KEEPALIVE);
  await client.query('select pg_advisory_lock($1, $2)', [LOCK_SPACE, LOCK_OF[room]]);
  const { rows } = await client.query<{ term: number }>(TAKE_TERM, [room]);
  const [row] = rows;
  if (row === undefined) throw new Error(`the term of the ${room} was not written`);
  return row.term;
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

interface Held {
  readonly room: LedRoom;
  readonly term: number;
  readonly client: Client;
  readonly lost: AbortController;
  readonly ended: () => void;
}

function holdLead({ room, term, client, lost, ended }: Held): Lead {
  let renewedAt = performance.now();
  let asking = false;
  const isHeld = (): boolean => !lost.signal.aborted && performance.now() - renewedAt < STEP_BACK_MS;
  const stepBack = (why: string): void => {
    lost.abort(new Error(why));
    // Without waiting for an answer: there may be nobody to give one.
    void client.end();
  };
  const renew = async (): Promise<void> => {
    if (lost.signal.aborted) return;
    if (!isHeld()) return stepBack(`the ${room} could not say that it leads for ${STEP_BACK_MS} ms`);
    if (asking) return;
    asking = true;
    const askedAt = performance.now();
    try {
      const { rowCount } = await client.query(RENEW, [room, term]);
      if (rowCount === 0) stepBack(`another leads the ${room}`);
      else renewedAt = askedAt;
    } catch (error) {
      stepBack(`the ${room} could not say that it leads: ${String(error)}`);
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => void renew(), RENEW_EVERY_MS);
  lost.signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return {
    lost: lost.signal,
    isHeld,
    resign() {
      clearInterval(timer);
      client.off('end', ended);
      return client.end();
    },
  };
}

interface Beat {
  readonly term: number;
  readonly beats: number;
}

/**
 * While a standby waits: a leader that was paused, or whose machine is gone without a word, keeps its connection and with
 * it the lock. Time is counted by this process alone, so no two clocks have to agree.
 */
async function endSilentLeaders({ pool }: Connection, room: LedRoom, signal: AbortSignal): Promise<void> {
  let seen = null as Beat | null;
  let seenAt = performance.now();
  for (;;) {
    try {
      await pause(WATCH_EVERY_MS, undefined, { signal });
    } catch {
      // The standby leads, or was told to stop.
      return;
    }
    try {
      const { rows } = await pool.query<Beat>('select term, beats from leads where room = $1', [room]);
      const now: Beat | null = rows[0] ?? null;
      if (now?.term !== seen?.term || now?.beats !== seen?.beats) {
        seen = now;
        seenAt = performance.now();
      } else if (seen !== null && performance.now() - seenAt >= SILENT_MS) {
        await pool.query(END_SILENT, [LOCK_SPACE, LOCK_OF[room], room, seen.term, seen.beats]);
      }
    } catch {
      // The database is away. The wait for the lock itself reports that.
    }
  }
}
