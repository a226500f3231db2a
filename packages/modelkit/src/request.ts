/** Reading the body of `POST /predictions` and `PUT /predictions/{id}`. */
import { COG_WEBHOOK_EVENTS, type CogInputIssue, type CogWebhookEvent } from '@hearth/contract/south/protocol';
import { readInput } from './coerce.ts';
import type { Fields } from './field.ts';
import type { Manners } from './generation.ts';
import { readStrictInput } from './strict-input.ts';
import { isoTime } from './time.ts';

/** A request that was understood. */
export interface PredictionCall {
  readonly id: string | null;
  /** The input with defaults filled in; files are URLs. */
  readonly values: Record<string, unknown>;
  readonly createdAt: string | null;
  readonly webhook: string | null;
  readonly events: readonly CogWebhookEvent[];
  readonly context: Readonly<Record<string, string>>;
  /** Where the files of a sync prediction go, in A and B. */
  readonly outputFilePrefix: string | null;
}

type Read = { readonly call: PredictionCall } | { readonly issues: readonly CogInputIssue[] };

const issue = (loc: CogInputIssue['loc'], msg: string, type: string, ctx?: CogInputIssue['ctx']): CogInputIssue => ({
  loc: ['body', ...loc],
  msg,
  type,
  ...(ctx && { ctx }),
});

/** V8's words for what is wrong with a JSON text, and Python's. */
const JSON_COMPLAINTS: readonly (readonly [RegExp, string])[] = [
  [/property name/, 'Expecting property name enclosed in double quotes'],
  [/Expected ','/, "Expecting ',' delimiter"],
  [/Expected ':'/, "Expecting ':' delimiter"],
  [/Unterminated string/, 'Unterminated string starting at'],
  [/after JSON/, 'Extra data'],
];

function jsonIssue(doc: string, error: SyntaxError): CogInputIssue {
  const position = /at position (\d+)/.exec(error.message)?.[1];
  // Without a position V8 names the first wrong token, or the end of the text.
  const token = /Unexpected token '(.)'/s.exec(error.message)?.[1];
  const pos = position !== undefined ? Number(position) : token === undefined ? doc.length : doc.indexOf(token);
  const lines = doc.slice(0, pos).split('\n');
  const lineno = lines.length;
  const colno = (lines.at(-1) ?? '').length + 1;
  const ours = ([pattern]: (typeof JSON_COMPLAINTS)[number]) => pattern.test(error.message);
  // "after property name" is about the colon, so the specific complaints are asked first.
  const msg = (JSON_COMPLAINTS.slice(1).find(ours) ?? JSON_COMPLAINTS.slice(0, 1).find(ours))?.[1] ?? 'Expecting value';
  const text = `${msg}: line ${lineno} column ${colno} (char ${pos})`;
  return issue([pos], text, 'value_error.jsondecode', { msg, doc, pos, lineno, colno });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readWebhook(raw: unknown, issues: CogInputIssue[]): string | null {
  if (raw === undefined || raw === null) return null;
  if (typeof raw === 'string' && /^https?:\/\//i.test(raw) && URL.canParse(raw)) return raw;
  issues.push(issue(['webhook'], 'invalid or missing URL scheme', 'value_error.url.scheme'));
  return null;
}

function readEvents(raw: unknown, issues: CogInputIssue[]): readonly CogWebhookEvent[] {
  if (raw === undefined || raw === null) return COG_WEBHOOK_EVENTS;
  if (!Array.isArray(raw)) {
    issues.push(issue(['webhook_events_filter'], 'value is not a valid list', 'type_error.list'));
    return COG_WEBHOOK_EVENTS;
  }
  const permitted = COG_WEBHOOK_EVENTS.map((event) => `'${event}'`).join(', ');
  for (const [index, event] of raw.entries()) {
    if (COG_WEBHOOK_EVENTS.some((known) => known === event)) continue;
    const msg = `value is not a valid enumeration member; permitted: ${permitted}`;
    const ctx = { enum_values: COG_WEBHOOK_EVENTS };
    issues.push(issue(['webhook_events_filter', index], msg, 'type_error.enum', ctx));
  }
  return COG_WEBHOOK_EVENTS.filter((known) => raw.includes(known));
}

function readContext(raw: unknown, issues: CogInputIssue[]): Readonly<Record<string, string>> {
  if (raw === undefined || raw === null) return {};
  if (isObject(raw)) return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, String(value)]));
  issues.push(issue(['context'], 'value is not a valid dict', 'type_error.dict'));
  return {};
}

function readCreatedAt(raw: unknown, issues: CogInputIssue[]): string | null {
  if (raw === undefined || raw === null) return null;
  const epochMs = typeof raw === 'number' ? raw * 1000 : typeof raw === 'string' ? Date.parse(raw) : Number.NaN;
  if (Number.isFinite(epochMs)) return isoTime(epochMs);
  issues.push(issue(['created_at'], 'invalid datetime format', 'value_error.datetime'));
  return null;
}

function readId(raw: unknown, issues: CogInputIssue[]): string | null {
  if (raw === undefined || raw === null) return null;
  if (typeof raw === 'string' || typeof raw === 'number') return String(raw);
  issues.push(issue(['id'], 'str type expected', 'type_error.str'));
  return null;
}

export interface RawRequest {
  readonly body: string;
  /** The id in the URL of a PUT, which the body may repeat but not contradict. */
  readonly urlId: string | null;
}

/** Reads a body, whatever its content type says. An empty body is an empty input, as coglet takes it (A and B answer 500). */
export function readRequest(
  fields: Fields,
  { body: text, urlId }: RawRequest,
  { strictInput }: Pick<Manners, 'strictInput'>,
): Read {
  let body: unknown = {};
  try {
    if (text.trim() !== '') body = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return { issues: [jsonIssue(text, error)] };
    throw error;
  }
  if (!isObject(body)) return { issues: [issue([], 'value is not a valid dict', 'type_error.dict')] };
  const issues: CogInputIssue[] = [];
  const input = (strictInput ? readStrictInput : readInput)(fields, body.input ?? {});
  if ('issues' in input) issues.push(...input.issues);
  const id = readId(body.id, issues);
  const createdAt = readCreatedAt(body.created_at, issues);
  const context = readContext(body.context, issues);
  const webhook = readWebhook(body.webhook, issues);
  const events = readEvents(body.webhook_events_filter, issues);
  if ('issues' in input || issues.length > 0) return { issues };
  if (urlId !== null && id !== null && id !== urlId) {
    return { issues: [issue(['id'], 'prediction ID must match the ID supplied in the URL', 'value_error')] };
  }
  const outputFilePrefix = typeof body.output_file_prefix === 'string' ? body.output_file_prefix : null;
  return { call: { id: id ?? urlId, values: input.values, createdAt, webhook, events, context, outputFilePrefix } };
}
