import { type CorrectionBody, type ExportFormat, verifiedLineSchema, type WireVerifiedLine } from '../north/ledger.ts';
import type { WirePage } from '../north/page.ts';
import type { UsageGroup, WireUsageRecord, WireUsageTotals } from '../north/usage.ts';
import type { Http } from './http.ts';
import { search } from './path.ts';

/** The part of the client that is about what was billed. */
export function createUsage(http: Http) {
  const { get, post } = http;
  return {
    records: (next?: string) => get<WirePage<WireUsageRecord>>(next ?? '/usage'),
    totals: (by: UsageGroup, range: { from?: string; to?: string; daily?: 'true' } = {}) =>
      get<WireUsageTotals>(`/usage?${search({ by, ...range })}`),
    /** One page of the corrections, by prediction, newest first; give `next` of a page for the one after it. */
    corrections: (next?: string) => get<WirePage<WireUsageRecord>>(next ?? '/usage?kind=correction'),
    /** For operators. */
    correct: (body: CorrectionBody) => post<WireUsageRecord>('/usage/corrections', body),
    /** Sealed records, a line each; behind the one of sequence `after`. */
    export: (
      query: { format?: ExportFormat; from?: string; to?: string; account?: string; after?: string } = {},
    ): AsyncGenerator<string> => http.lines(`/usage/export?${search(query)}`),
    /** For operators: the ledger added up again, told as it goes; the last line is `done`. */
    async *verify(query: { account?: string } = {}): AsyncGenerator<WireVerifiedLine> {
      for await (const line of http.lines(`/usage/verify?${search(query)}`))
        yield verifiedLineSchema.parse(JSON.parse(line));
    },
  };
}
