import type { CogReport } from '@hearth/contract';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MergedReport, mergeReport, NOTHING_REPORTED } from '../src/model/merge-report.ts';

const merged = (reports: readonly CogReport[]): MergedReport => reports.reduce(mergeReport, NOTHING_REPORTED);

/** What a container of any generation may send of one run: snapshots that grow, with fields missing, and one end. */
const story = fc
  .record({
    outputs: fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { maxLength: 6 }),
    lines: fc.array(fc.string({ maxLength: 5 }), { maxLength: 6 }),
    cuts: fc.array(
      fc.record({ output: fc.nat(6), lines: fc.nat(6), omit: fc.subarray(['output', 'logs', 'metrics'] as const) }),
      { maxLength: 6 },
    ),
    whole: fc.oneof(fc.constant(null), fc.string(), fc.record({ text: fc.string() })),
    end: fc.record({
      status: fc.constantFrom('succeeded', 'failed', 'canceled'),
      error: fc.option(fc.string(), { nil: undefined }),
      metrics: fc.option(fc.record({ tokens: fc.nat() }), { nil: undefined }),
      omit: fc.subarray(['output', 'logs'] as const),
    }),
    iterates: fc.boolean(),
  })
  .map(({ outputs, lines, cuts, whole, end, iterates }): CogReport[] => {
    const snapshots = cuts.map(
      ({ output, lines: upTo, omit }): CogReport => ({
        status: 'processing',
        ...(!omit.includes('output') && { output: iterates ? outputs.slice(0, output) : null }),
        ...(!omit.includes('logs') && { logs: lines.slice(0, upTo).join('\n') }),
        ...(!omit.includes('metrics') && { metrics: { tokens: output } }),
      }),
    );
    const last: CogReport = {
      status: end.status,
      error: end.error,
      metrics: end.metrics,
      ...(!end.omit.includes('output') && { output: iterates ? outputs : whole }),
      ...(!end.omit.includes('logs') && { logs: lines.join('\n') }),
    };
    return [{ status: 'starting' }, ...snapshots, last];
  });

/** The same reports in another order, some of them twice. */
const retold = story.chain((reports) =>
  fc
    .tuple(
      fc.shuffledSubarray(reports, { minLength: reports.length }),
      fc.array(fc.constantFrom(...reports), { maxLength: 8 }),
    )
    .map(([shuffled, again]) => ({ reports, retold: [...shuffled, ...again] })),
);

describe('merging reports', () => {
  it('leads to the same end in any order and with any repeated', () => {
    fc.assert(
      fc.property(retold, ({ reports, retold }) => {
        expect(merged(retold)).toEqual(merged(reports));
      }),
    );
  });

  it('never shrinks logs or output, and never leaves an end', () => {
    fc.assert(
      fc.property(retold, ({ retold }) => {
        let known = NOTHING_REPORTED;
        for (const report of retold) {
          const next = mergeReport(known, report);
          expect(next.logs.length).toBeGreaterThanOrEqual(known.logs.length);
          if (Array.isArray(known.output)) expect(next.output).toHaveProperty('length');
          if (Array.isArray(known.output) && Array.isArray(next.output))
            expect(next.output.length).toBeGreaterThanOrEqual(known.output.length);
          if (known.output !== null) expect(next.output).not.toBeNull();
          const ended = known.status !== null && known.status !== 'starting' && known.status !== 'processing';
          if (ended) expect(next).toMatchObject({ status: known.status, error: known.error, metrics: known.metrics });
          known = next;
        }
      }),
    );
  });

  it('keeps partial output and logs where the end has none', () => {
    const partial: CogReport = { status: 'processing', output: ['a'], logs: 'one\n' };
    expect(merged([partial, { status: 'failed', error: 'died', logs: '' }])).toMatchObject({
      status: 'failed',
      output: ['a'],
      logs: 'one\n',
      error: 'died',
    });
  });

  it('takes the first of two ends', () => {
    expect(merged([{ status: 'canceled' }, { status: 'succeeded', output: 1, error: null }])).toMatchObject({
      status: 'canceled',
    });
  });

  it("believes the end's metrics alone", () => {
    const ends: CogReport = { status: 'succeeded', metrics: { tokens: 2 } };
    expect(merged([{ status: 'processing', metrics: { tokens: 9 } }, ends]).metrics).toEqual({ tokens: 2 });
  });

  it('reads times and skips what is no time', () => {
    const end: CogReport = { status: 'succeeded', started_at: '2026-01-01T00:00:01+00:00', completed_at: 'soon' };
    expect(merged([end])).toMatchObject({ startedAt: Date.UTC(2026, 0, 1, 0, 0, 1), completedAt: null });
  });
});
