import { afterAll, beforeAll, expect, it } from 'vitest';
import { type House, startHouse } from '../src/house.ts';
import { chanceOf } from './fuzz/chance.ts';
import { type OpenApi, operationsOf } from './fuzz/operations.ts';
import { type Fuzzed, type FuzzWorld, fuzzedRequest } from './fuzz/requests.ts';
import { createSender, type Reply } from './fuzz/send.ts';

const REQUESTS = 5_000;
const AT_ONCE = 16;
/** Another run's seed repeats its requests. */
const SEED = Number(process.env.HEARTH_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

let house: House;
beforeAll(async () => {
  house = await startHouse({ runtime: 'process' });
}, 240_000);
afterAll(async () => {
  await house?.dispose();
});

interface Prediction {
  readonly id: string;
  readonly status: string;
  readonly output: unknown;
  readonly version: string;
  readonly urls: { readonly stream: string };
}

const CREATE = { path: '/v1/models/hearth/stream/predictions', body: { input: { text: 'hi', rate: 1_000 } } };

async function runOne(): Promise<Prediction> {
  const response = await house.request('POST', CREATE.path, CREATE.body, { prefer: 'wait=50' });
  const text = await response.text();
  expect(response.status, text).toBe(201);
  const prediction = JSON.parse(text) as Prediction;
  expect(prediction, text).toMatchObject({ status: 'succeeded', output: ['hi'] });
  return prediction;
}

const pathOf = (url: string): string => url.slice(house.url.length);

/** Something of every kind that reading requests may lead to. */
async function furnish(): Promise<FuzzWorld> {
  const prediction = await runOne();
  const form = new FormData();
  form.append('content', new Blob(['0123456789']), 'digits.txt');
  const headers = { authorization: `Bearer ${house.token}` };
  const upload = await fetch(`${house.url}/v1/files`, { method: 'POST', headers, body: form });
  const file = (await upload.json()) as { id: string; urls: { download: string } };
  const model = { owner: 'hearth', name: 'fuzzed', visibility: 'private', hardware: 'cpu' };
  expect((await house.request('POST', '/v1/models', model)).status).toBe(201);
  return {
    host: new URL(house.url).host,
    token: house.token,
    operations: operationsOf(await house.get<OpenApi>('/openapi.json')),
    known: { owner: ['hearth'], name: ['stream', 'thumbnail'], id: [prediction.id, prediction.version, file.id] },
    changeable: { owner: ['hearth'], name: ['fuzzed'] },
    capabilities: [prediction.urls.stream, file.urls.download].map(pathOf),
    create: CREATE,
  };
}

/** What is wrong with an answer; null: nothing. */
function faultOf({ request, expected }: Fuzzed, { status, type, text }: Reply): string | null {
  if (status === null) return request.kind === 'raw' || request.body !== null ? null : 'closed without an answer';
  if (status >= 500) return 'a 5xx';
  if (expected === 'refusal' && status < 400) return 'not refused';
  // What Node refuses by itself (no host, an expectation) has no body.
  const refused = status >= 400 && request.kind === 'http' && request.method !== 'HEAD';
  if (refused && !type.startsWith('application/problem+json')) return 'no problem document';
  if (refused && (JSON.parse(text) as { status: unknown }).status !== status)
    return 'a problem document of another status';
  return null;
}

/** Wrong tokens are refused for their rate sooner or later. */
const isGuess = ({ request }: Fuzzed, token: string): boolean =>
  request.kind === 'http' && !String(request.headers.authorization).includes(token);

it(`refuses ${REQUESTS} malformed requests over every route (HEARTH_FUZZ_SEED=${SEED}), and runs on`, async () => {
  const world = await furnish();
  const before = await storedAndQueued();
  const sender = createSender(house.url, AT_ONCE);
  const faults: string[] = [];
  const statuses = new Map<string, number>();
  let slowestMs = 0;
  let throttled = 0;
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < REQUESTS && faults.length < 30) {
      const number = next++;
      const fuzzed = fuzzedRequest(world, chanceOf(SEED, number));
      try {
        const reply = await sender.send(fuzzed.request);
        slowestMs = Math.max(slowestMs, reply.ms);
        const status = String(reply.status ?? 'closed');
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (reply.status === 429 && !isGuess(fuzzed, world.token)) throttled++;
        const fault = faultOf(fuzzed, reply);
        if (fault !== null) faults.push(`${describe(number, fuzzed)}: ${fault}: ${status} ${reply.text.slice(0, 300)}`);
      } catch (error) {
        faults.push(`${describe(number, fuzzed)}: ${String(error)}`);
      }
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  sender.close();
  const tookSeconds = (performance.now() - begun) / 1_000;
  console.log(
    `fuzz: seed ${SEED}, ${world.operations.length} operations, ${tookSeconds.toFixed(1)} s, slowest ${slowestMs.toFixed(0)} ms,`,
    Object.fromEntries([...statuses].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  );
  const logged = house
    .output()
    .split('\n')
    .filter((line) => line.includes('request failed'));
  expect(faults, `HEARTH_FUZZ_SEED=${SEED}\n${logged.slice(0, 10).join('\n')}`).toEqual([]);
  // Refused for their rate, they would show nothing.
  expect(throttled).toBeLessThan(REQUESTS / 50);
  expect(await storedAndQueued()).toEqual(before);
  await runOne();
}, 240_000);

async function storedAndQueued() {
  const { results } = await house.get<{ results: unknown[] }>('/v1/predictions');
  const trainings = await house.get<{ results: unknown[] }>('/v1/trainings');
  const { deployments } = await house.get<{ deployments: { queue: { waiting: number; in_flight: number } }[] }>(
    '/v1/status',
  );
  const unfinished = deployments.reduce((sum, { queue }) => sum + queue.waiting + queue.in_flight, 0);
  return { predictions: results.length, trainings: trainings.results.length, unfinished };
}

function describe(number: number, { what, request }: Fuzzed): string {
  const shown =
    request.kind === 'raw'
      ? JSON.stringify(request.bytes.toString('latin1').slice(0, 200))
      : `${request.method} ${request.path.slice(0, 200)} ${JSON.stringify(request.headers).slice(0, 300)} ${request.body?.toString().slice(0, 200) ?? ''}`;
  return `#${number} ${what} [${shown}]`;
}
