import { describe, expect, it } from 'vitest';
import {
  changesOf,
  deploymentOfText,
  NEW_DEPLOYMENT,
  textOfRelease,
} from '../src/features/deployments/deployment-form.ts';

const chosen = { ...NEW_DEPLOYMENT, name: ' fast ', model: 'ada/ocr', version: 'a'.repeat(64), hardware: 'gpu-t4' };

describe('a new deployment', () => {
  it('is sent as it was typed, and its keep-alive left to the installation', () => {
    expect(deploymentOfText({ ...chosen, min: '1', max: '4' })).toEqual({
      name: 'fast',
      model: 'ada/ocr',
      version: 'a'.repeat(64),
      hardware: 'gpu-t4',
      min_instances: 1,
      max_instances: 4,
      keep_alive: null,
    });
  });
  it.each([
    ['time', '300', 300],
    ['time', ' 5m ', '5m'],
    ['time', 'for a while', 'for a while'],
    ['until-needed', '300', 'until-needed'],
    ['auto', '', 'auto'],
  ] as const)('with the rule %s and %j has the keep-alive %j', (keepRule, keepTime, sent) => {
    expect(deploymentOfText({ ...chosen, keepRule, keepTime }).keep_alive).toBe(sent);
  });
});

describe('a change of a deployment', () => {
  const row = { version: 'a'.repeat(64), hardware: 'cpu', min_instances: 0, max_instances: 2, keep_alive: 300 };

  it('says only what is another than it was', () => {
    const form = textOfRelease(row);
    expect(changesOf(row, form)).toEqual({});
    expect(changesOf(row, { ...form, max: '3' })).toEqual({ max_instances: 3 });
    expect(changesOf(row, { ...form, version: 'b'.repeat(64), hardware: 'gpu-t4', min: '1' })).toEqual({
      version: 'b'.repeat(64),
      hardware: 'gpu-t4',
      min_instances: 1,
    });
  });
  it('may turn a time into a rule and back', () => {
    const form = textOfRelease(row);
    expect(changesOf(row, { ...form, keepRule: 'auto' })).toEqual({ keep_alive: 'auto' });
    const ruled = { ...row, keep_alive: 'until-needed' } as const;
    expect(changesOf(ruled, textOfRelease(ruled))).toEqual({});
    expect(changesOf(ruled, { ...textOfRelease(ruled), keepRule: 'time', keepTime: '1h' })).toEqual({
      keep_alive: '1h',
    });
  });
});
