import { describe, expect, it } from 'vitest';
import { readTrace, TRACE_COLUMNS } from '../src/index.ts';

const read = (text: string, over: Partial<Parameters<typeof readTrace>[1]> = {}) =>
  readTrace(text.split('\n'), { columns: TRACE_COLUMNS, runMs: 10_000, skipIncomplete: false, ...over });

describe('a trace', () => {
  it('is put in order of time, from its first arrival on', () => {
    expect(read('time,model,seconds\n2026-01-31 12:00:05,b,2.5\n2026-01-31T12:00:00Z,a,1\n')).toEqual([
      { at: 0, deploymentId: 'a', runMs: 1_000 },
      { at: 5_000, deploymentId: 'b', runMs: 2_500 },
    ]);
  });
  it('may give seconds from any beginning, columns in any order, quotes, and line ends of Windows', () => {
    expect(read('\uFEFFmodel,time\r\n"a, ""x""",100.25\r\n\r\nb,101\r\n')).toEqual([
      { at: 0, deploymentId: 'a, "x"', runMs: 10_000 },
      { at: 750, deploymentId: 'b', runMs: 10_000 },
    ]);
  });
  it('takes a time with a zone at its word', () => {
    expect(read('time,model\n2026-01-31T12:00:00+02:00,a\n2026-01-31T10:00:01Z,a')[1]?.at).toBe(1_000);
  });
  it('may call its columns otherwise', () => {
    const columns = { time: 'when', model: 'who', seconds: 'ran' };
    expect(read('when,who,ran\n0,a,3', { columns })).toEqual([{ at: 0, deploymentId: 'a', runMs: 3_000 }]);
  });
  it('passes over incomplete lines where it is told to', () => {
    expect(read('time,model\n0,\n,a\n5,a', { skipIncomplete: true })).toHaveLength(1);
  });

  it.each([
    ['', 'it is empty; its first line must name the columns time, model'],
    ['time,name\n0,a', 'line 1 has no column model; it has time, name'],
    ['time,model', 'it has no prediction after the heading'],
    ['time,model\n0,a\n1,a,b', 'line 3 has 3 cells; the heading has 2'],
    ['time,model\n\n0,', 'line 3, column model: ""; it must be something'],
    ['time,model\nyesterday,a', 'line 2, column time: "yesterday"; it must be a time such as 2026-01-31T12:00:00Z'],
    ['time,model\n2026-13-31,a', 'line 2, column time: "2026-13-31"'],
    ['time,model,seconds\n0,a,-1', 'line 2, column seconds: "-1"; it must be a number of at least 0'],
    ['time,model,seconds\n0,a,ten', 'line 2, column seconds: "ten"'],
    ['time,model\n0,"a', 'line 2 has a quote that is not closed'],
    ['time,model\n0,"a"b', 'line 2 has a quote that is not closed, or text after one'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
