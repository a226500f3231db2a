import { setTimeout as pause } from 'node:timers/promises';
import { readStreamEvents, type WirePrediction } from '@hearth/contract';
import Replicate from 'replicate';
import { type Book, type Entry, type Status } from './book.ts';
import type { Wanted } from './plan.ts';
import type { ChaosReceiver } from './receiver.ts';
import type { Account } from './world.ts';

/** What the callers of a run share. */
export interface Callers {
  readonly url: string;
  readonly accounts: readonly Account[];
  readonly receiver: ChaosReceiver;
  readonly book: Book;
  /** Aborted when the run has settled, or given up on that. */
  readonly over: AbortSignal;
}

const OWNER = 'hearth';
const ANSWER_MS = 20_000;
/** Between two tries, doubled with each: callers that never tire would be a fault of their own. */
const ASK_AGAIN_MS = 300;
const LONGEST_ASK_AGAIN_MS = 10_000;
const LONGEST_POLL_MS = 30_000;

/** Everything that one caller does about one prediction, until it has ended. */
export async function call(callers: Callers, wanted: Wanted): Promise<void> {
  callers.book.asking += 1;
  const entry = await (wanted.official ? createOfficially(callers, wanted) : create(callers, wanted));
  callers.book.asking -= 1;
  if (entry === null) return;
  await Promise.all([
    follow(callers, entry, wanted),
    wanted.cancelAfterMs === null ? null : cancel(callers, entry, wanted, wanted.cancelAfterMs),
    wanted.streamBreaksAfter === null ? null : read(callers, entry, wanted.streamBreaksAfter),
  ]);
}

const accountOf = ({ accounts }: Callers, { account }: Wanted): Account => {
  const found = accounts[account];
  if (found === undefined) throw new Error(`there is no account ${account}`);
  return found;
};

const bodyOf = ({ receiver }: Callers, { n, account, text, seconds, mode, webhook }: Wanted) => ({
  input: { text, seconds, mode },
  ...(webhook && { webhook: receiver.urlFor(n, account), webhook_events_filter: ['start', 'completed'] as const }),
});

/** Null: refused, or nobody knows. With a key it is asked for until somebody does. */
async function create(callers: Callers, wanted: Wanted): Promise<Entry | null> {
  const { url, book, over } = callers;
  const headers = {
    authorization: `Bearer ${accountOf(callers, wanted).token}`,
    'content-type': 'application/json',
    ...(wanted.keyed && { 'idempotency-key': `key-${wanted.n}` }),
    ...(wanted.waitSeconds !== null && { prefer: `wait=${wanted.waitSeconds}` }),
    ...(wanted.deadlineSeconds !== null && { 'cancel-after': `${wanted.deadlineSeconds}s` }),
  };
  const body = JSON.stringify(bodyOf(callers, wanted));
  for (let waitMs = ASK_AGAIN_MS; !over.aborted; waitMs = Math.min(2 * waitMs, LONGEST_ASK_AGAIN_MS)) {
    const askedAtMs = book.now();
    let mayExist = true;
    try {
      const signal = AbortSignal.any([over, AbortSignal.timeout(ANSWER_MS)]);
      const target = `${url}/v1/models/${OWNER}/${wanted.model}/predictions`;
      const response = await fetch(target, { method: 'POST', headers, body, signal });
      const text = await response.text();
      if (response.ok) return acknowledge(callers, wanted, JSON.parse(text), askedAtMs);
      if (response.status < 500) {
        book.refused.set(wanted.n, `${response.status} ${text}`);
        return null;
      }
    } catch (error) {
      // A connection that broke, or an answer that did not come: it may have been made. Not so where nobody was there.
      mayExist = !wasRefused(error);
    }
    if (mayExist && !wanted.keyed) break;
    await quietly(pause(waitMs, undefined, { signal: over }));
  }
  book.unknown.add(wanted.n);
  return null;
}

/** Nothing was sent. */
const wasRefused = (error: unknown): boolean =>
  error instanceof Error &&
  error.cause instanceof Error &&
  'code' in error.cause &&
  error.cause.code === 'ECONNREFUSED';

async function createOfficially(callers: Callers, wanted: Wanted): Promise<Entry | null> {
  const { url, book, over } = callers;
  const client = new Replicate({
    auth: accountOf(callers, wanted).token,
    baseUrl: `${url}/v1`,
    fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.any([over, AbortSignal.timeout(ANSWER_MS)]) }),
  });
  const askedAtMs = book.now();
  const { input, webhook, webhook_events_filter: events = [] } = bodyOf(callers, wanted);
  try {
    const prediction = await client.predictions.create({
      model: `${OWNER}/${wanted.model}`,
      input,
      ...(webhook !== undefined && { webhook, webhook_events_filter: [...events] }),
    });
    return acknowledge(callers, wanted, prediction, askedAtMs);
  } catch {
    // As above; the client throws for answers as well as for connections.
    book.unknown.add(wanted.n);
    return null;
  }
}

function acknowledge(
  { book }: Callers,
  wanted: Wanted,
  { id, status, urls }: { id: string; status: string; urls: { stream?: string } },
  askedAtMs: number,
): Entry {
  const entry = book.entry(id, wanted);
  entry.acknowledged = true;
  entry.streamUrl = urls.stream ?? null;
  book.saw(entry, 'create', askedAtMs, status as Status);
  return entry;
}

/** Looks until it has ended, ever more slowly. */
async function follow(callers: Callers, entry: Entry, wanted: Wanted): Promise<void> {
  const { book, over } = callers;
  for (let waitMs = ASK_AGAIN_MS; !book.ended(entry) && !over.aborted; waitMs = Math.min(2 * waitMs, LONGEST_POLL_MS)) {
    await quietly(pause(waitMs, undefined, { signal: over }));
    await ask(callers, entry, wanted, 'GET', '', wanted.official ? 'client' : 'poll');
  }
}

async function cancel(callers: Callers, entry: Entry, wanted: Wanted, afterMs: number): Promise<void> {
  await quietly(pause(afterMs, undefined, { signal: callers.over }));
  await ask(callers, entry, wanted, 'POST', '/cancel', 'cancel');
}

async function ask(
  callers: Callers,
  entry: Entry,
  wanted: Wanted,
  method: 'GET' | 'POST',
  path: string,
  via: 'poll' | 'client' | 'cancel',
): Promise<void> {
  const { url, book, over } = callers;
  const askedAtMs = book.now();
  try {
    const response = await fetch(`${url}/v1/predictions/${entry.id}${path}`, {
      method,
      headers: { authorization: `Bearer ${accountOf(callers, wanted).token}` },
      signal: AbortSignal.any([over, AbortSignal.timeout(ANSWER_MS)]),
    });
    const text = await response.text();
    if (response.ok) book.saw(entry, via, askedAtMs, (JSON.parse(text) as WirePrediction).status);
    else if (response.status === 404) entry.missingAtMs ??= askedAtMs;
  } catch {
    // The next look may be luckier.
  }
}

/** Reads its stream to the end over one connection that it gives up, and as many as break. */
async function read({ book, over }: Callers, entry: Entry, leaveAfter: number): Promise<void> {
  let text = '';
  let last: string | undefined;
  let left: number = leaveAfter;
  for (let waitMs = ASK_AGAIN_MS; !over.aborted && entry.streamUrl !== null; waitMs *= 2) {
    const askedAtMs = book.now();
    const cut = new AbortController();
    try {
      const headers = { accept: 'text/event-stream', ...(last !== undefined && { 'last-event-id': last }) };
      const { body, ok } = await fetch(entry.streamUrl, { headers, signal: AbortSignal.any([over, cut.signal]) });
      if (!ok || body === null) throw new Error('the stream was refused');
      for await (const { event, data, id } of readStreamEvents(body)) {
        last = id ?? last;
        if (event === 'output') text += data;
        if (event === 'done') {
          entry.streamed = text;
          return book.saw(entry, 'stream', askedAtMs, statusOf(data));
        }
        left -= 1;
        if (left === 0) break;
      }
    } catch {
      // It broke: the next connection goes on after the last event.
    } finally {
      cut.abort();
    }
    await quietly(pause(Math.min(waitMs, LONGEST_ASK_AGAIN_MS), undefined, { signal: over }));
  }
}

function statusOf(done: string): Status {
  const { reason } = JSON.parse(done) as { reason?: string };
  return reason === undefined ? 'succeeded' : reason === 'error' ? 'failed' : 'canceled';
}

/** Cut short when the run is over. */
const quietly = (waiting: Promise<unknown>): Promise<unknown> => waiting.catch(() => null);
