import type { WirePrediction, WireUsageRecord } from '@hearth/contract';
import { type Book, type Entry, isTerminal, type Status } from './book.ts';
import type { Listed } from './views.ts';

/** A promise of docs/guarantees.md that was broken. */
export interface Violation {
  readonly promise: 'kept' | 'one end' | 'outcome' | 'webhooks' | 'ledger' | 'attempts' | 'nothing left';
  readonly what: string;
  /** Null: of no one prediction. */
  readonly id: string | null;
  /** By the clock of the run; faults around it may have to do with it. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** What all checks look at: the view from outside, and the API's last word. */
export interface Evidence {
  readonly book: Book;
  readonly listed: ReadonlyMap<string, Listed>;
  readonly finals: ReadonlyMap<string, WirePrediction | null>;
  readonly records: readonly WireUsageRecord[];
  /** How often each attempt began, by the models' own word. */
  readonly began: ReadonlyMap<string, number>;
  /** What the files that were given hold. */
  readonly files: ReadonlyMap<string, string>;
}

type Complain = (promise: Violation['promise'], entry: Entry, what: string) => void;

export function check(evidence: Evidence): Violation[] {
  const { book, finals } = evidence;
  const violations: Violation[] = [];
  const complain: Complain = (promise, entry, what) => {
    const seen = entry.sightings.map(({ atMs }) => atMs);
    const [fromMs, toMs] = seen.length === 0 ? [0, book.now()] : [Math.min(...seen), Math.max(...seen)];
    violations.push({ promise, what, id: entry.id, fromMs, toMs });
  };
  checkKeys(book, complain);
  for (const entry of book.entries.values()) {
    const final = finals.get(entry.id) ?? null;
    if (final === null) {
      complain(
        'kept',
        entry,
        entry.acknowledged ? 'was acknowledged and does not exist' : 'is listed and does not exist',
      );
      continue;
    }
    checkEnd(evidence, entry, final, complain);
    checkOutcome(evidence, entry, final, complain);
  }
  checkWebhooks(evidence, complain);
  checkLedger(evidence, complain);
  checkAttempts(evidence, complain);
  for (const [n, why] of book.refused)
    violations.push({
      promise: 'kept',
      what: `request ${n} was refused: ${why}`,
      id: null,
      fromMs: 0,
      toMs: book.now(),
    });
  return violations;
}

/**
 * One prediction for one request, however often it was sent with its key. Replicate's client, which sends no key, may send
 * one again when its connection breaks, and then means two.
 */
function checkKeys({ idsOf, entries }: Book, complain: Complain): void {
  for (const [n, ids] of idsOf) {
    const [first] = ids;
    const entry = first === undefined ? undefined : entries.get(first);
    if (ids.size > 1 && entry && entry.wanted?.official !== true)
      complain('kept', entry, `request ${n} made ${ids.size} predictions: ${[...ids].join(', ')}`);
  }
}

function checkEnd({ listed }: Evidence, entry: Entry, final: WirePrediction, complain: Complain): void {
  if (!isTerminal(final.status)) return complain('one end', entry, `is still ${final.status}`);
  const inList = listed.get(entry.id)?.status;
  if (inList !== final.status) complain('one end', entry, `is ${final.status}, and ${inList ?? 'missing'} in the list`);
  if (entry.missingAtMs !== null) complain('kept', entry, `was said not to exist at ${entry.missingAtMs} ms`);
  const ends = entry.sightings.filter(({ status }) => isTerminal(status));
  const others = ends.filter(({ status }) => status !== final.status);
  for (const { via, status, atMs } of others)
    complain('one end', entry, `is ${final.status}, and was ${status} by ${via} at ${atMs} ms`);
  const endedAtMs = Math.min(...ends.map(({ atMs }) => atMs));
  for (const { via, status, askedAtMs } of entry.sightings)
    if (!isTerminal(status) && askedAtMs > endedAtMs)
      complain('one end', entry, `had ended, and was ${status} again by ${via} asked at ${askedAtMs} ms`);
}

/** Why a prediction that would have succeeded may fail all the same: what ran it was broken, not the platform. */
const BROKEN_MODEL = [
  /^The model crashed while it ran/,
  /^The model ran out of memory/,
  /^Its instance was lost 3 times/,
];

function checkOutcome({ files }: Evidence, entry: Entry, final: WirePrediction, complain: Complain): void {
  const { wanted } = entry;
  if (wanted === null) return;
  const { status, error, output } = final;
  if (status === 'canceled' && wanted.cancelAfterMs === null && wanted.deadlineSeconds === null)
    complain('outcome', entry, 'is canceled, and nobody asked for that');
  if (status === 'succeeded' && wanted.mode !== 'ok') complain('outcome', entry, `succeeded in mode ${wanted.mode}`);
  if (status === 'failed' && wanted.mode === 'ok' && !BROKEN_MODEL.some((words) => words.test(String(error))))
    complain('outcome', entry, `failed: ${String(error)}`);
  if (status !== 'succeeded') return;
  const text = wanted.model === 'file' ? files.get(entry.id) : Array.isArray(output) ? output.join('') : output;
  if (text !== wanted.text) complain('outcome', entry, `its output is ${JSON.stringify(text ?? output)}`);
  if (entry.streamed !== null && entry.streamed !== wanted.text)
    complain('outcome', entry, `its stream gave ${JSON.stringify(entry.streamed)}`);
}

function checkWebhooks({ book, finals }: Evidence, complain: Complain): void {
  const arrived = new Map<string, Status[]>();
  for (const { delivery, answered, refused } of book.deliveries) {
    const { id, status } = delivery.prediction;
    const entry = book.entries.get(id);
    if (!entry) continue;
    if (refused !== null) complain('webhooks', entry, `a webhook was not signed as it should be: ${refused}`);
    if (answered === 200 && isTerminal(status)) arrived.set(id, [...(arrived.get(id) ?? []), status]);
  }
  for (const entry of book.entries.values()) {
    const final = finals.get(entry.id);
    if (!entry.wanted?.webhook || !final || !isTerminal(final.status)) continue;
    const ends = arrived.get(entry.id) ?? [];
    if (ends.length === 0) complain('webhooks', entry, `its webhook was never told that it is ${final.status}`);
  }
}

function checkLedger({ book, finals, records }: Evidence, complain: Complain): void {
  const bills = Map.groupBy(records, ({ prediction }) => prediction);
  for (const entry of book.entries.values()) {
    const final = finals.get(entry.id);
    if (!final || !isTerminal(final.status)) continue;
    const own = bills.get(entry.id) ?? [];
    bills.delete(entry.id);
    const ran = Number(final.metrics?.predict_time ?? 0);
    const [bill] = own;
    if (own.length > 1) complain('ledger', entry, `has ${own.length} usage records`);
    if (!bill && (ran > 0 || final.status === 'succeeded'))
      complain('ledger', entry, `${final.status} after ${ran} s, and was not billed`);
    if (bill && (bill.predict_microseconds !== Math.round(ran * 1e6) || bill.status !== final.status))
      complain(
        'ledger',
        entry,
        `${final.status} after ${ran} s, billed ${bill.predict_microseconds} µs as ${bill.status}`,
      );
    checkModelsView(entry, final, complain);
  }
  for (const id of bills.keys()) complain('ledger', book.entry(id, null), 'is billed, and does not exist');
}

/** Each attempt has an id of its own, under which a model runs it once. */
function checkAttempts({ book, began }: Evidence, complain: Complain): void {
  for (const [cogId, times] of began) {
    const entry = book.entries.get(cogId.slice(0, cogId.lastIndexOf('-')));
    if (entry === undefined) continue;
    if (times > 1) complain('attempts', entry, `its attempt ${cogId} ran ${times} times`);
  }
}

const ROUNDING_MS = 5;
/** Between the server's note of a run's start or end and the model's own: more on a busy machine. */
const APART_MS = 1_000;

/** The model said which run it was and how long that took: the bill is for that run, and not for a longer one. */
function checkModelsView(entry: Entry, { id, metrics, status }: WirePrediction, complain: Complain): void {
  if (status !== 'succeeded') return;
  const { ran, ran_ms: ranMs, predict_time: seconds } = metrics ?? {};
  if (typeof ran !== 'string' || !ran.startsWith(`${id}-`))
    complain('attempts', entry, `the model ran it as ${String(ran)}`);
  const billedMs = Number(seconds) * 1_000;
  // Servers hand files over within the run, which takes as long as the way to the platform is broken.
  const mostMs = entry.wanted?.model === 'file' ? Number.POSITIVE_INFINITY : Number(ranMs) + APART_MS;
  if (typeof ranMs === 'number' && (billedMs + ROUNDING_MS < ranMs || billedMs > mostMs))
    complain('ledger', entry, `the model ran ${ranMs} ms, and ${billedMs} ms are billed`);
}
