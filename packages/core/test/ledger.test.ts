import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHAIN_START,
  knowsPriceAt,
  type LedgerRecord,
  linkDifferences,
  linkText,
  PRICE_LEAD_MS,
  priceAt,
  type StoredLink,
} from '../src/index.ts';

const RUN: LedgerRecord = {
  id: 'p1',
  kind: 'run',
  predictionId: 'p1',
  attempt: 1,
  accountId: 'ada',
  model: 'ada/m',
  versionId: 'v',
  deploymentId: 'd',
  hardwareSku: 'cpu',
  predictMicroseconds: 2_000_000,
  priceMicrosPerSecond: 225,
  costMicros: 450,
  status: 'succeeded',
  at: 1_000,
  corrects: null,
  reason: null,
  madeBy: null,
};
const FIRST = { position: 1, previousHash: CHAIN_START };

describe('what a link is the hash of', () => {
  it('is written once and for all: hashes that are stored depend on every character of it', () => {
    expect(linkText(FIRST, RUN)).toBe(
      `["hearth-usage-1","${'0'.repeat(64)}",1,"p1","run","p1",1,"ada","ada/m","v","d","cpu",2000000,225,450,"succeeded",1000,null,null,null]`,
    );
  });

  it('differs with every field of the record, with the place and with the link before', () => {
    const others: readonly LedgerRecord[] = [
      { ...RUN, id: 'x' },
      { ...RUN, kind: 'correction' },
      { ...RUN, predictionId: 'x' },
      { ...RUN, attempt: 2 },
      { ...RUN, accountId: 'x' },
      { ...RUN, model: 'x' },
      { ...RUN, versionId: 'x' },
      { ...RUN, deploymentId: 'x' },
      { ...RUN, hardwareSku: 'x' },
      { ...RUN, predictMicroseconds: 1 },
      { ...RUN, priceMicrosPerSecond: 1 },
      { ...RUN, costMicros: 1 },
      { ...RUN, status: 'failed' },
      { ...RUN, at: 1 },
      { ...RUN, corrects: 'x' },
      { ...RUN, reason: 'x' },
      { ...RUN, madeBy: 'x' },
    ];
    expect(others).toHaveLength(Object.keys(RUN).length);
    const texts = [
      linkText(FIRST, RUN),
      linkText({ ...FIRST, position: 2 }, RUN),
      linkText({ ...FIRST, previousHash: 'f'.repeat(64) }, RUN),
      ...others.map((other) => linkText(FIRST, other)),
    ];
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('is never the same for two records, whatever their fields hold', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (model, versionId, otherModel, otherVersion) => {
        const same = model === otherModel && versionId === otherVersion;
        const text = linkText(FIRST, { ...RUN, model, versionId });
        expect(text === linkText(FIRST, { ...RUN, model: otherModel, versionId: otherVersion })).toBe(same);
      }),
    );
  });
});

describe('a chain', () => {
  const link = (position: number, over: Partial<StoredLink> = {}): StoredLink => ({
    position,
    accountId: 'ada',
    recordId: `r${position}`,
    sequence: position * 10,
    previousHash: position === 1 ? CHAIN_START : `h${position - 1}`,
    hash: `h${position}`,
    recomputed: `h${position}`,
    ...over,
  });
  const kinds = (of: StoredLink, before: StoredLink | null) => linkDifferences(of, before).map(({ kind }) => kind);

  it('is whole where each link holds the hash of the one before', () => {
    expect(kinds(link(1), null)).toEqual([]);
    expect(kinds(link(2), link(1))).toEqual([]);
  });

  it.each([
    ['a changed record', link(2, { recomputed: 'x' }), link(1), ['changed']],
    ['a record that is gone', link(2, { recomputed: null }), link(1), ['removed']],
    ['a link that is gone', link(3), link(1), ['gap']],
    ['a first link that is gone', link(2), null, ['gap']],
    ['two links at one place', link(2), link(2, { recordId: 'a', sequence: 19 }), ['forked']],
    ['another link before', link(2, { previousHash: 'x' }), link(1), ['broken-link']],
    ['a first link that holds something', link(1, { previousHash: 'x' }), null, ['broken-link']],
    ['a sequence that was swapped with that of the link before', link(2, { sequence: 9 }), link(1), ['out-of-order']],
    ['a changed record behind a gap', link(3, { recomputed: 'x' }), link(1), ['changed', 'gap']],
  ])('is not with %s', (_name, of, before, expected) => {
    expect(kinds(of, before)).toEqual(expected);
  });
});

describe('the price of a run', () => {
  const history = [
    { priceMicrosPerSecond: 1, effectiveFrom: 100 },
    { priceMicrosPerSecond: 2, effectiveFrom: 200 },
    { priceMicrosPerSecond: 3, effectiveFrom: 200 },
    { priceMicrosPerSecond: 4, effectiveFrom: 300 },
  ];
  it.each([
    ['before the first', 0, 1],
    ['at the first', 100, 1],
    ['just before a change', 199, 1],
    ['at a change that was set again: the last', 200, 3],
    ['between', 299, 3],
    ['after all', 1_000, 4],
  ])('%s', (_name, at, price) => {
    expect(priceAt(history, at)).toBe(price);
  });
  it('of hardware that never had one is not known', () => {
    expect(priceAt([], 1)).toBeNull();
  });
  it('is known for half of the time that a price is set ahead', () => {
    expect(knowsPriceAt(0, PRICE_LEAD_MS / 2)).toBe(true);
    expect(knowsPriceAt(0, PRICE_LEAD_MS / 2 + 1)).toBe(false);
    expect(knowsPriceAt(Number.NEGATIVE_INFINITY, 0)).toBe(false);
  });
});
