import { describe, expect, test } from 'vitest';
import { checksText } from '../src/host-check.ts';
import { parseGpus, parseLabels, parseMiB } from '../src/host-options.ts';

describe('what is said of a host on the command line', () => {
  test.each([
    ['60GiB', 61_440],
    ['512', 512],
    ['1.5 GiB', 1_536],
    ['24GB', 22_888],
  ])('memory %s', (text, mib) => expect(parseMiB('--memory', text)).toBe(mib));
  test.each(['', 'much', '0GiB', '-1GiB'])('memory "%s" is refused', (text) =>
    expect(() => parseMiB('--memory', text)).toThrow(/write a size such as 60GiB/),
  );

  test('GPUs are numbered as the machine numbers them', () => {
    expect(parseGpus('2x24GiB,1x80GiB:H100')).toEqual([
      { id: '0', name: 'GPU', vram_mib: 24_576 },
      { id: '1', name: 'GPU', vram_mib: 24_576 },
      { id: '2', name: 'H100', vram_mib: 81_920 },
    ]);
    expect(parseGpus('none')).toEqual([]);
    expect(() => parseGpus('two')).toThrow(/--gpus is "two"/);
  });

  test('labels have a name and a value', () => {
    expect(parseLabels(['zone=a', 'note=a=b'])).toEqual({ zone: 'a', note: 'a=b' });
    expect(() => parseLabels(['zone'])).toThrow(/write name=value/);
  });

  test('a check that failed says what to do below it', () => {
    const text = checksText([
      { name: 'engine', status: 'ok', detail: 'It answers.', remedy: null },
      { name: 'disk', status: 'warning', detail: '3 GiB are free.', remedy: 'Make room.' },
    ]);
    expect(text).toMatch(/ok +engine +It answers\.\n.*warning +disk +3 GiB are free\.\n +→ Make room\./);
  });
});
