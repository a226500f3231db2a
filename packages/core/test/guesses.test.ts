import { array, assert, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterWrongGuess, type Guesses, type GuessTerms } from '../src/guesses.ts';

const TERMS: GuessTerms = { burst: 10, perMinute: 10, firstWaitMs: 1_000, longestWaitMs: 60_000 };
const START = 1_000_000;

/** Tries at these times; what each was told to wait. */
function waits(times: readonly number[], terms = TERMS): number[] {
  let known: Guesses | null = null;
  return times.map((at) => {
    known = afterWrongGuess(known, START + at, terms);
    return known.until - (START + at) > 0 ? known.until - (START + at) : 0;
  });
}

const atOnce = (count: number, at = 0): number[] => Array.from({ length: count }, () => at);

describe('wrong tries from one place', () => {
  it('are overlooked up to the burst', () => {
    expect(waits(atOnce(10))).toEqual(atOnce(10));
  });

  it('wait twice as long each time they go on, up to the longest', () => {
    const times = [...atOnce(11), 1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 123_000];
    expect(waits(times).slice(10)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('are not made to wait longer for tries while they wait', () => {
    expect(waits([...atOnce(11), 100, 200, 900]).slice(10)).toEqual([1_000, 900, 800, 100]);
  });

  it('are forgotten after a minute or so without any', () => {
    expect(waits([...atOnce(11), 1_000 + 66_001]).at(-1)).toBe(0);
    expect(waits([...atOnce(11), 1_000 + 66_001, ...atOnce(10, 67_002)]).at(-1)).toBe(1_000);
  });

  it('at a rate that is allowed never wait', () => {
    expect(Math.max(...waits(Array.from({ length: 1_000 }, (_, nth) => nth * 6_000)))).toBe(0);
  });

  it('get no more answers in any minute than the burst and its refill, and wait no longer than the longest', () => {
    assert(
      property(array(nat(2_000), { maxLength: 300 }), (gaps) => {
        let at = 0;
        const times = gaps.map((gap) => (at += gap));
        const told = waits(times);
        expect(Math.max(0, ...told)).toBeLessThanOrEqual(TERMS.longestWaitMs);
        const answered = times.filter((_, nth) => told[nth] === 0);
        for (const from of answered)
          expect(answered.filter((each) => each >= from && each < from + 60_000).length).toBeLessThanOrEqual(20);
      }),
    );
  });

  it('wait no longer than the longest where a clock was put back', () => {
    let known: Guesses | null = null;
    for (const _ of atOnce(11)) known = afterWrongGuess(known, START, TERMS);
    const yesterday = START - 86_400_000;
    expect(afterWrongGuess(known, yesterday, TERMS).until - yesterday).toBe(TERMS.longestWaitMs);
  });
});
