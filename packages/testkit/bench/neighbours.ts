import { join } from 'node:path';
import { Pool } from 'undici';
import type { House } from '../src/house.ts';
import { addModel } from './overhead.ts';
import { quantile } from './stats.ts';

const NAP_FOLDER = join(import.meta.dirname, 'nap');
const PATH = '/v1/deployments/hearth/nap/predictions';

export interface Waits {
  /** From a prediction's creation to its start, in milliseconds. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

/** Two accounts that share one instance, which runs one prediction at a time. */
export interface Neighbours {
  /** Queues so many of the first account's; resolves when all are queued, with how long that took. */
  queue(count: number): Promise<{ elapsedMs: number }>;
  /** The other account sends one a second; resolves when all have ended. */
  single(count: number): Promise<Waits>;
  /** How many of the first account's still wait. */
  stillWaiting(): Promise<number>;
  close(): Promise<void>;
}

/** `runMs`: how long each prediction takes. */
export async function openNeighbours(house: House, runMs: number): Promise<Neighbours> {
  await addModel(house, NAP_FOLDER, 'hearth/nap');
  const { latest_version: version } = await house.get<{ latest_version: { id: string } }>('/v1/models/hearth/nap');
  const deployment = { name: 'nap', model: 'hearth/nap', version: version.id, hardware: 'cpu' };
  const made = await house.request('POST', '/v1/deployments', { ...deployment, min_instances: 1, max_instances: 1 });
  if (!made.ok) throw new Error(`the deployment was refused: ${await made.text()}`);
  const token = await house.request('POST', '/v1/tokens', {
    name: 'bench',
    username: 'quiet',
    scope: 'admin',
    operator: true,
  });
  const quiet = (await token.json()) as { token: string };
  const pool = new Pool(house.url, { connections: 32 });
  const call = async <T>(method: 'GET' | 'POST', path: string, as: string, body?: object, prefer?: string) => {
    const headers = {
      authorization: `Bearer ${as}`,
      'content-type': 'application/json',
      ...(prefer !== undefined && { prefer }),
    };
    const answer = await pool.request({
      method,
      path,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return JSON.parse(text) as T;
  };
  const predict = (as: string, prefer?: string) =>
    call<{ id: string; status: string }>('POST', PATH, as, { input: { ms: runMs } }, prefer);
  // The instance is up, and the servers have seen a prediction.
  const { status } = await predict(quiet.token, 'wait=60');
  if (status !== 'succeeded') throw new Error(`the first prediction is ${status}`);

  const waitOf = async (id: string): Promise<number> => {
    const { created_at: created, started_at: started } = await ended(id);
    return Date.parse(started) - Date.parse(created);
  };
  const ended = async (id: string): Promise<{ created_at: string; started_at: string }> => {
    for (;;) {
      const row = await call<{ status: string; created_at: string; started_at: string }>(
        'GET',
        `/v1/predictions/${id}`,
        quiet.token,
      );
      if (row.status === 'succeeded') return row;
      if (row.status !== 'starting' && row.status !== 'processing') throw new Error(`${id} is ${row.status}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  return {
    async queue(count) {
      const from = performance.now();
      let sent = 0;
      const client = async (): Promise<void> => {
        while (sent < count) {
          sent++;
          await predict(house.token);
        }
      };
      await Promise.all(Array.from({ length: 16 }, client));
      return { elapsedMs: performance.now() - from };
    },
    async single(count) {
      const ids: string[] = [];
      const from = performance.now();
      for (let n = 0; n < count; n++) {
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, from + n * 1_000 - performance.now())));
        ids.push((await predict(quiet.token)).id);
      }
      const waits: number[] = [];
      for (const id of ids) waits.push(await waitOf(id));
      return { p50Ms: quantile(waits, 0.5), p95Ms: quantile(waits, 0.95), maxMs: Math.max(...waits) };
    },
    async stillWaiting() {
      const { waiting } = await call<{ waiting: number }>('GET', '/v1/accounts/hearth', house.token);
      return waiting;
    },
    close: () => pool.close(),
  };
}
