import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { inspect } from 'node:util';
import Replicate from 'replicate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, type House, type ServerRoom, startHouse } from '../src/house.ts';

let house: House;

beforeAll(async () => {
  house = await startHouse({ runtime: 'process', env: { HEARTH_KEEP_ALIVE: '5m', HEARTH_MAX_INSTANCES: '1' } });
}, 240_000);
afterAll(async () => {
  await house?.dispose();
});

/** Callers that go on until they are told to stop, each with what it saw fail. */
function startLoad() {
  const stopping = new AbortController();
  const failures: string[] = [];
  const ids: string[] = [];
  const replicate = new Replicate({
    auth: house.token,
    baseUrl: `${house.url}/v1`,
    // The client asks again where an answer is 429 or 5xx, which would hide what this test looks for.
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if (response.status >= 429) failures.push(`${response.status} ${await response.clone().text()}`);
      return response;
    },
  });
  const model = 'hearth/faulty';
  const input = { seconds: 0.2, text: 'under way' };

  const rounds: Record<string, () => Promise<void>> = {
    async createAndPoll() {
      const made = await replicate.predictions.create({ model, input });
      ids.push(made.id);
      const ended = await replicate.wait(made, { interval: 50 });
      expect(ended.status).toBe('succeeded');
    },
    async waits() {
      const made = await replicate.predictions.create({ model, input, wait: 20 });
      ids.push(made.id);
      expect(made.status).toBe('succeeded');
    },
    async streams() {
      const events: string[] = [];
      for await (const { event } of replicate.stream('hearth/stream', { input: { text: 'a b c' } })) events.push(event);
      expect(events.at(-1)).toBe('done');
    },
    async reads() {
      expect((await house.request('GET', '/v1/account')).status).toBe(200);
    },
  };
  const callers = Object.entries(rounds).flatMap(([name, round]) => [name, name].map((_, n) => ({ name, n, round })));
  const running = callers.map(async ({ name, n, round }) => {
    while (!stopping.signal.aborted) {
      await round().catch((error: unknown) => failures.push(`${name} ${n}: ${inspect(error)}`));
    }
  });
  return {
    ids,
    failures,
    /** Resolves when so many more predictions have been made. */
    more: (count: number) => {
      const until = ids.length + count;
      return eventually(`${count} more predictions`, async () => ids.length >= until, 60_000);
    },
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

const usagePerPrediction = async (): Promise<Map<string, number>> => {
  const counts = new Map<string, number>();
  for (let path: string | null = '/v1/usage'; path !== null; ) {
    const page: { next: string | null; results: { prediction: string }[] } = await house.get(path);
    for (const { prediction } of page.results) counts.set(prediction, (counts.get(prediction) ?? 0) + 1);
    path = page.next === null ? null : page.next.slice(house.url.length);
  }
  return counts;
};

it('is looked at by the doctor, with its stores and hosts', async () => {
  const { stdout, stderr } = await house.hearth('doctor', '--json');
  expect(stderr).toBe('');
  const findings = JSON.parse(stdout) as { name: string; status: string }[];
  const statusOf = (name: string) => findings.find((finding) => finding.name === name)?.status ?? 'missing';
  // A busy machine may be warned of: its database answers late.
  for (const name of ['database', 'schema', 'clock', 'queue', 'running'])
    expect(['ok', 'warning'], name).toContain(statusOf(name));
  expect(findings.filter(({ name }) => name.startsWith('local: '))).not.toEqual([]);
});

it('keeps connections waiting while a killed api is started again', async () => {
  process.kill(await house.pidOf('api'), 'SIGKILL');
  const answers = await Promise.all(Array.from({ length: 10 }, () => house.request('GET', '/v1/account')));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
}, 60_000);

it('restarts each server under load, and no request, stream or prediction fails of it', async () => {
  const load = startLoad();
  await load.more(5);
  for (const room of ['api', 'dispatcher', 'scheduler'] as const satisfies readonly ServerRoom[]) {
    const before = await house.pidOf(room);
    const { code, stdout, stderr } = await house.hearth('restart', room);
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: `restarted the ${room}\n` });
    await load.more(5);
    if (room !== 'api') expect(await house.pidOf(room)).not.toBe(before);
  }
  await load.stop();
  expect(load.failures).toEqual([]);
  const counts = await usagePerPrediction();
  expect(load.ids.filter((id) => counts.get(id) !== 1)).toEqual([]);
}, 300_000);

it('is backed up while it runs, and restored where nothing is left of it', async () => {
  const archive = join(house.dataDir, '..', `${basename(house.dataDir)}.tar.gz`);
  const upload = new FormData();
  upload.append('content', new Blob(['kept as it is'], { type: 'text/plain' }), 'kept.txt');
  const headers = { authorization: `Bearer ${house.token}` };
  const answered = await fetch(`${house.url}/v1/files`, { method: 'POST', headers, body: upload });
  const uploaded = (await answered.json()) as { urls: { download: string } };
  const load = startLoad();
  await load.more(3);
  const { code, stderr } = await house.hearth('backup', archive);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  await load.stop();
  expect(load.failures).toEqual([]);

  await house.stop();
  await rm(house.dataDir, { recursive: true, force: true });
  const restored = await house.hearth('restore', archive);
  expect({ ...restored, stdout: '' }).toEqual({ code: 0, stderr: '', stdout: '' });
  expect((await house.hearth('restore', archive)).stderr).toContain('has files already');
  await rm(archive);
  await house.restart();

  const [made, ...later] = load.ids;
  expect(await house.get(`/v1/predictions/${made}`)).toMatchObject({ status: 'succeeded' });
  // Those that were under way when the backup was made run again; those that came after it are not in it.
  for (const id of later) {
    await eventually(`prediction ${id} to be over or unknown`, async () => {
      const response = await house.request('GET', `/v1/predictions/${id}`);
      return response.status === 404 || ((await response.json()) as { status: string }).status === 'succeeded';
    });
  }
  const counts = await usagePerPrediction();
  expect([...counts.values()].filter((count) => count !== 1)).toEqual([]);
  expect(counts.get(made ?? '')).toBe(1);
  const kept = await fetch(uploaded.urls.download, { headers: { authorization: `Bearer ${house.token}` } });
  expect(await kept.text()).toBe('kept as it is');
  const answer = await house.request(
    'POST',
    '/v1/predictions',
    { version: 'hearth/stream', input: { text: 'on' } },
    { prefer: 'wait' },
  );
  expect(await answer.json()).toMatchObject({ status: 'succeeded' });
}, 300_000);
