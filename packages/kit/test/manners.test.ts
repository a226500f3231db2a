import { describe, expect, it } from 'vitest';
import { createMetrics, hashToken, newId, newSecret, newToken } from '../src/index.ts';

describe('ids and tokens', () => {
  it('makes ids of 26 characters of [a-z0-9] that sort by time', () => {
    const times = [1, 1_000, 1_700_000_000_000, 1_700_000_000_001, 1_900_000_000_000];
    const ids = times.map(newId);
    expect(ids.toSorted()).toEqual(ids);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]{26}$/);
  });

  it('makes tokens of one shape, never the same, and a stable hash', () => {
    const token = newToken();
    expect(token).toMatch(/^hth_[\w-]{40}$/);
    expect(newToken()).not.toBe(token);
    expect(hashToken('hth_a')).toBe('2303a928b674da3ebde9ec90783119410df39b70d130c0130cd4e44b2c6e6f25');
    expect(hashToken(token)).toMatch(/^[0-9a-f]{64}$/);
    expect(Buffer.from(newSecret(16), 'base64url')).toHaveLength(16);
  });
});

describe('createMetrics', () => {
  it('exposes counters, gauges read at the scrape and histograms, with the room as a label', async () => {
    const metrics = createMetrics('api');
    metrics.counter('hearth_things_total', 'Things.', ['kind']).inc({ kind: 'a' }, 2);
    metrics.gauge('hearth_level', 'Level.', [], (gauge) => gauge.set(7));
    metrics.histogram('hearth_wait_seconds', 'Wait.', [0.1, 1]).observe(0.5);
    const text = await metrics.text();
    expect(text).toContain('hearth_things_total{kind="a",room="api"} 2');
    expect(text).toContain('hearth_level{room="api"} 7');
    expect(text).toContain('hearth_wait_seconds_bucket{le="1",room="api"} 1');
    expect(text).toContain('process_cpu_seconds_total');
    expect(metrics.contentType).toContain('text/plain');
  });
});
