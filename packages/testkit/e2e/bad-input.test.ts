import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, startHouse } from '../src/house.ts';

let house: House;
beforeAll(async () => {
  house = await startHouse({ runtime: 'process' });
}, 240_000);
afterAll(async () => {
  await house?.dispose();
});

const PATH = '/v1/models/hearth/thumbnail/predictions';
const IMAGE = 'data:image/png;base64,iVBORw0KGgo=';
const JSON_TYPE = { 'content-type': 'application/json' };

interface Case {
  readonly what: string;
  readonly body: unknown;
  readonly status: number;
  readonly says: RegExp;
}
const cases: Case[] = [
  {
    what: 'an unknown field of the input',
    body: { input: { image: IMAGE, colour: 'red' } },
    status: 422,
    says: /colour/,
  },
  {
    what: 'an unknown field of the request',
    body: { input: { image: IMAGE }, colour: 'red' },
    status: 422,
    says: /colour/,
  },
  { what: 'a wrong type', body: { input: { image: IMAGE, width: 'wide' } }, status: 422, says: /width/ },
  { what: 'a number out of range', body: { input: { image: IMAGE, width: -1 } }, status: 422, says: /width/ },
  { what: 'a value that is no choice', body: { input: { image: IMAGE, format: 'bmp' } }, status: 422, says: /format/ },
  { what: 'a missing field', body: { input: {} }, status: 422, says: /image/ },
  { what: 'no input at all', body: {}, status: 422, says: /input/ },
  { what: 'an input that is no object', body: { input: [] }, status: 422, says: /input/ },
  { what: 'a body that is not JSON', body: '{"input":', status: 400, says: /JSON/i },
  { what: 'an empty body with a JSON content type', body: '', status: 422, says: /^- body: must be an object$/ },
  {
    what: 'a body of 50 MB',
    body: JSON.stringify({ input: { image: `data:image/png;base64,${'A'.repeat(50_000_000)}` } }),
    status: 413,
    says: /bytes|MB|MiB|large/i,
  },
];

describe('bad input', () => {
  it.each(cases)('$what is refused with $status, and nothing is stored or queued', async ({ body, status, says }) => {
    const response = await house.request('POST', PATH, body === '' ? undefined : body, JSON_TYPE);
    const text = await response.text();
    expect(response.status, text).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(JSON.parse(text)).toMatchObject({ detail: expect.stringMatching(says), status });
    expect((await house.get<{ results: unknown[] }>('/v1/predictions')).results).toEqual([]);
    const { deployments } = await house.get<{ deployments: { queue: { waiting: number; in_flight: number } }[] }>(
      '/v1/status',
    );
    expect(deployments.every(({ queue }) => queue.waiting + queue.in_flight === 0)).toBe(true);
  });
});
