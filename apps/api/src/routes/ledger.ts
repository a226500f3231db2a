import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  correctionBodySchema,
  exportQuerySchema,
  usageRecordSchema,
  verifyQuerySchema,
  type WireLedgerDifference,
  type WireVerifiedLine,
} from '@hearth/contract';
import type { SealedRecord, Store, VerifiedPart } from '@hearth/store';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { csv } from '../csv.ts';
import { callerOf, type Identity } from '../plugins/auth.ts';
import { invalidField, notFound, Problem } from '../problem.ts';
import { pulsed } from '../pulse.ts';
import { CSV_COLUMNS, csvLine, usageEvent } from '../usage-export.ts';
import { wireUsageRecord } from '../wire.ts';

const tags = ['usage'];
/** Proxies hang up on an answer that says nothing for a minute, clients after five. */
const PULSE_MS = 15_000;

/** Ours: what the ledger is believed for. Answers that take as long as there are records come line by line. */
export function ledgerRoutes(app: App, { deps, closing }: Context): void {
  const { store } = deps;

  app.get(
    '/usage/verify',
    { config: { needs: 'operator' }, schema: { tags, querystring: verifyQuerySchema } },
    async (request, reply) => {
      const accountId = await accountIdOf(store, request.query.account);
      const lines = verifiedLines(store.ledger.verify({ accountId }));
      return reply.type('application/x-ndjson').send(streamed(lines, closing));
    },
  );

  app.get(
    '/usage/export',
    { config: { needs: 'read' }, schema: { tags, querystring: exportQuerySchema } },
    async (request, reply) => {
      const { format, account, after, from, to } = request.query;
      const pages = store.ledger.sealed({
        after: Number(after ?? 0),
        accountId: await exportedOf(store, callerOf(request), account),
        from: from === undefined ? undefined : Date.parse(from),
        to: to === undefined ? undefined : Date.parse(to),
      });
      if (format === 'csv')
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', 'attachment; filename="usage.csv"')
          .send(streamed(csvLines(pages), closing));
      const source = await store.settings.ensure('usage-source', () => `urn:uuid:${randomUUID()}`);
      return reply.type('application/x-ndjson').send(streamed(eventLines(pages, source), closing));
    },
  );

  app.post(
    '/usage/corrections',
    {
      config: { needs: 'operator', audit: 'usage.correct' },
      schema: { tags, body: correctionBodySchema, response: { 200: usageRecordSchema, 201: usageRecordSchema } },
    },
    async (request, reply) => {
      const { prediction, cost_micros: costMicros, reason, key } = request.body;
      const { username: madeBy } = callerOf(request).account;
      const at = deps.now();
      const corrected = await store.ledger.correct(prediction, { costMicros, reason, madeBy, key, at });
      if (corrected === 'not-billed') throw notFound(`A usage record of prediction ${prediction}`);
      if ('leftMicros' in corrected)
        throw invalidField(
          'cost_micros',
          'custom',
          `is ${costMicros}, which gives back more than it cost: ${corrected.leftMicros} is left of that`,
        );
      const { record, made } = corrected;
      if (record.costMicros !== costMicros || record.reason !== reason)
        throw new Problem(
          'correction-key-taken',
          `The correction ${record.id} was made with another amount or reason.`,
        );
      if (made) {
        const owner = await store.accounts.usernameOf(record.accountId);
        const after = { record: record.id, cost_micros: costMicros, reason };
        noteChange(request, { subject: prediction, owner, after });
      }
      return reply.code(made ? 201 : 200).send(wireUsageRecord(record));
    },
  );
}

/** Undefined: of all. @throws Problem `not-found` */
async function accountIdOf(store: Store, username: string | undefined): Promise<string | undefined> {
  if (username === undefined) return undefined;
  const account = await store.accounts.byUsername(username);
  if (account === null) throw notFound(`Account ${username}`);
  return account.id;
}

/** Operators see everybody's, others their own. */
async function exportedOf(store: Store, caller: Identity, username: string | undefined): Promise<string | undefined> {
  if (caller.operator) return accountIdOf(store, username);
  if (username !== undefined && username !== caller.account.username) throw notFound(`Account ${username}`);
  return caller.account.id;
}

async function* verifiedLines(parts: AsyncIterable<VerifiedPart>): AsyncGenerator<string> {
  for await (const { done, checked, differences } of toTheEnd(parts))
    yield line({ done, checked, differences: differences.map(wireDifference) } satisfies WireVerifiedLine);
}

/** With the counts once more where there is nothing new to say, and at the end. */
async function* toTheEnd(parts: AsyncIterable<VerifiedPart>): AsyncGenerator<VerifiedPart & { done: boolean }> {
  let last: VerifiedPart | null = null;
  const again = (): VerifiedPart | null => last && { ...last, differences: [] };
  for await (const part of pulsed<VerifiedPart | null>(parts, PULSE_MS, again)) {
    last = part ?? last;
    if (part !== null) yield { done: false, ...part };
  }
  const end = again();
  if (end !== null) yield { done: true, ...end };
}

const wireDifference = (of: VerifiedPart['differences'][number]): WireLedgerDifference => ({
  kind: of.kind,
  account: of.username ?? of.accountId,
  prediction: of.predictionId,
  record: of.recordId,
  what: of.what,
  expected: of.expected,
  found: of.found,
});

async function* csvLines(pages: AsyncIterable<readonly SealedRecord[]>): AsyncGenerator<string> {
  yield csv([CSV_COLUMNS]);
  for await (const rows of pages) yield rows.map(csvLine).join('');
}

async function* eventLines(pages: AsyncIterable<readonly SealedRecord[]>, source: string): AsyncGenerator<string> {
  for await (const rows of pages) yield rows.map((row) => line(usageEvent(row, source))).join('');
}

const line = (document: unknown): string => `${JSON.stringify(document)}\n`;

/** Ends early where the server closes; whoever reads on later begins behind the last line that came. */
const streamed = (parts: AsyncIterable<string>, closing: AbortSignal): Readable =>
  Readable.from(
    (async function* () {
      for await (const part of parts) {
        if (closing.aborted) return;
        yield part;
      }
    })(),
  );
