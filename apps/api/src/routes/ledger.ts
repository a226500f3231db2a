import { Readable } from 'node:stream';
import { verifyQuerySchema, type WireLedgerDifference, type WireVerifiedLine } from '@hearth/contract';
import type { Store, VerifiedPart } from '@hearth/store';
import type { App, Context } from '../context.ts';
import { notFound } from '../problem.ts';

const tags = ['usage'];
/** For answers that take as long as there are records. */
const LINES = 'application/x-ndjson';

/** Ours: what the ledger is believed for. */
export function ledgerRoutes(app: App, { deps, closing }: Context): void {
  const { store } = deps;

  /** Told line by line, so that it may take its time. */
  app.get(
    '/usage/verify',
    { config: { needs: 'operator' }, schema: { tags, querystring: verifyQuerySchema } },
    async (request, reply) => {
      const accountId = await accountIdOf(store, request.query.account);
      const parts = verifiedLines(store.ledger.verify({ accountId }));
      return reply.type(LINES).send(lines(parts, closing));
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

async function* verifiedLines(parts: AsyncIterable<VerifiedPart>): AsyncGenerator<WireVerifiedLine> {
  let last: VerifiedPart['checked'] | null = null;
  for await (const { checked, differences } of parts) {
    last = checked;
    yield { done: false, checked, differences: differences.map(wireDifference) };
  }
  if (last !== null) yield { done: true, checked: last, differences: [] };
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

/** One JSON document a line. Ends early where the server closes: then the last line is not there. */
const lines = (documents: AsyncIterable<unknown>, closing: AbortSignal): Readable =>
  Readable.from(
    (async function* () {
      for await (const document of documents) {
        if (closing.aborted) return;
        yield `${JSON.stringify(document)}\n`;
      }
    })(),
  );
