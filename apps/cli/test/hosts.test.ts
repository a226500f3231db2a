import { describe, expect, test } from 'vitest';
import { checksText } from '../src/host-check.ts';
import { parseGpus, parseLabels, parseMiB, settingsOf } from '../src/host-options.ts';

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

  test('of a host only what is given changes, and what was said can be taken back', () => {
    expect(settingsOf({ label: ['zone=b'], gpus: '1x24GiB', memory: '60GiB', cpus: '16' })).toEqual({
      labels: { zone: 'b' },
      devices: [{ id: '0', name: 'GPU', vram_mib: 24_576 }],
      memory_mib: 61_440,
      cpus: 16,
    });
    expect(settingsOf({ label: false, gpus: 'found', memory: 'found', cpus: 'shared' })).toEqual({
      labels: {},
      devices: null,
      memory_mib: null,
      cpus: null,
    });
    expect(() => settingsOf({ cpus: 'many' })).toThrow('--cpus is "many"; write a whole number such as 16.');
    expect(settingsOf({ gpus: 'none' })).toEqual({ devices: [] });
    expect(settingsOf({})).toEqual({});
  });

  test('a check that failed says what to do below it', () => {
    const text = checksText([
      { name: 'engine', status: 'ok', detail: 'It answers.', remedy: null },
      { name: 'disk', status: 'warning', detail: '3 GiB are free.', remedy: 'Make room.' },
    ]);
    expect(text).toMatch(/ok +engine +It answers\.\n.*warning +disk +3 GiB are free\.\n +→ Make room\./);
  });
});
