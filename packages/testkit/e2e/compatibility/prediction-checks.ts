import { validateWebhook } from 'replicate';
import { expect } from 'vitest';
import { eventually } from '../../src/house.ts';
import type { Check } from './check.ts';

const ISO = /^\d{4}-\d{2}-\d{2}T.*Z$/;
const ID = /^[a-z0-9]{26}$/;

/** What Replicate keeps: files, predictions, webhooks. */
export const PREDICTION_CHECKS: readonly Check[] = [
  {
    method: 'accounts.current',
    how: '',
    http: 'GET /account',
    async holds({ client }) {
      expect(await client().accounts.current()).toMatchObject({ type: 'user', username: 'hearth' });
    },
  },
  {
    method: 'files.create',
    how: 'Buffer and Blob, with metadata',
    http: 'POST /files',
    async holds({ client, page }) {
      const made = await client().files.create(page, { customer: 7 });
      expect(made).toMatchObject({ size: page.length, metadata: { customer: 7 }, urls: { get: expect.any(String) } });
      const blob = new Blob([new Uint8Array(page)], { type: 'image/png' });
      expect(await client().files.create(blob)).toMatchObject({ content_type: 'image/png', checksums: made.checksums });
    },
  },
  {
    method: 'files.get',
    how: '',
    http: 'GET /files/{id}',
    async holds({ client, page }) {
      const made = await client().files.create(page);
      expect(await client().files.get(made.id)).toEqual({ ...made, created_at: ISO_DATE });
    },
  },
  {
    method: 'files.list',
    how: '',
    http: 'GET /files',
    async holds({ client, page }) {
      const made = await client().files.create(page);
      const { results } = await client().files.list();
      expect(results.map(({ id }) => id)).toContain(made.id);
    },
  },
  {
    method: 'files.delete',
    how: '',
    http: 'DELETE /files/{id}',
    async holds({ client, page }) {
      const made = await client().files.create(page);
      expect(await client().files.delete(made.id)).toBe(true);
      await expect(client().files.get(made.id)).rejects.toThrow('404');
    },
  },
  {
    method: 'predictions.create',
    how: 'by version: 64 hex digits, or owner/name:version',
    http: 'POST /predictions',
    async holds({ client, versionOf }) {
      const version = await versionOf('hearth/stream');
      for (const reference of [version, `hearth/stream:${version}`]) {
        const made = await client().predictions.create({ version: reference, input: { text: 'a' } });
        expect(made).toMatchObject({
          id: expect.stringMatching(ID),
          status: 'starting',
          version,
          created_at: ISO_DATE,
        });
      }
    },
  },
  {
    method: 'predictions.create',
    how: 'by model, `wait: true`',
    http: 'POST /models/{o}/{n}/predictions',
    async holds({ client }) {
      const ended = await client().predictions.create({
        model: 'hearth/stream',
        input: { text: 'a b', rate: 100 },
        wait: true,
      });
      expect(ended).toMatchObject({ status: 'succeeded', output: ['a ', 'b'], error: null });
    },
  },
  {
    method: 'predictions.create',
    how: '`webhook` with `webhook_events_filter`',
    http: 'POST /predictions · POST to the receiver',
    async holds({ client, receiver, delivered }) {
      const made = await client().predictions.create({
        model: 'hearth/stream',
        input: { text: 'a', rate: 100 },
        webhook: receiver,
        webhook_events_filter: ['completed'],
      });
      const { body } = await delivered(made.id);
      expect(JSON.parse(body)).toEqual(await client().predictions.get(made.id));
    },
  },
  {
    method: 'predictions.get',
    how: '',
    http: 'GET /predictions/{id}',
    async holds({ client }) {
      const made = await client().predictions.create({ model: 'hearth/stream', input: { text: 'a', rate: 100 } });
      const ended = await client().wait(made, { interval: 50 });
      expect(await client().predictions.get(made.id)).toEqual(ended);
      expect(ended).toMatchObject({ completed_at: ISO_DATE, metrics: { predict_time: expect.any(Number) } });
    },
  },
  {
    method: 'predictions.cancel',
    how: 'while it runs',
    http: 'POST /predictions/{id}/cancel',
    async holds({ client }) {
      const made = await client().predictions.create({ model: 'hearth/faulty', input: { seconds: 30 } });
      await eventually('it to run', async () => (await client().predictions.get(made.id)).status === 'processing');
      await client().predictions.cancel(made.id);
      expect(await client().wait(made, { interval: 50 })).toMatchObject({ status: 'canceled' });
    },
  },
  {
    method: 'predictions.list',
    how: '',
    http: 'GET /predictions',
    async holds({ client }) {
      const made = await client().predictions.create({ model: 'hearth/stream', input: { text: 'a' } });
      const { results } = await client().predictions.list();
      expect(results[0]?.id).toBe(made.id);
    },
  },
  {
    method: 'webhooks.default.secret.get',
    how: '`validateWebhook` takes what is delivered, and nothing that was changed',
    http: 'GET /webhooks/default/secret',
    async holds({ client, receiver, delivered }) {
      const { key } = await client().webhooks.default.secret.get();
      expect(key).toMatch(/^whsec_[A-Za-z0-9+/]+=*$/);
      const made = await client().predictions.create({
        model: 'hearth/stream',
        input: { text: 'a', rate: 100 },
        webhook: receiver,
        webhook_events_filter: ['completed'],
      });
      const { headers, body } = await delivered(made.id);
      const valid = (text: string) =>
        validateWebhook(new Request(receiver, { method: 'POST', headers: signed(headers), body: text }), key);
      expect(await valid(body)).toBe(true);
      expect(await valid(body.replace('succeeded', 'failed'))).toBe(false);
    },
  },
];

const ISO_DATE = expect.stringMatching(ISO) as unknown as string;

/** A proxy or a framework passes these on; the others are of the connection. */
const signed = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('webhook-')));
