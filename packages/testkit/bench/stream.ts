import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readStreamEvents, type WirePrediction } from '@hearth/contract';
import { request } from 'undici';
import { startHouse } from '../src/house.ts';
import { CLOCK_FOLDER, spawnModel, untilReady } from './hand.ts';
import { addModel, type BenchOptions } from './overhead.ts';
import { median, ms, quantile, type Spread, spread, table, times } from './stats.ts';

/** A run of the clock model, and how many read it. */
interface Load {
  readonly tokens: number;
  readonly tokensPerSecond: number;
  readonly readers: number;
}
/** For each reader, how long each token took to it from its being yielded, in milliseconds and in order. */
type Latencies = readonly (readonly number[])[];
interface Arm {
  run(load: Load): Promise<Latencies>;
  end(): Promise<void>;
}
interface Figures {
  readonly firstP50Ms: number;
  readonly firstP95Ms: number;
  readonly allP50Ms: number;
  readonly allP95Ms: number;
}

/** What the scheduler sets for a model that yields, so that both arms are reported to alike. */
const REPORT_INTERVAL_S = '0.001';
/** The first token comes 200 ms after the start, when everybody reads. */
const FIRST_TOKENS = { tokens: 2, tokensPerSecond: 5 };
const FIRSTS_PER_ROUND = 10;
const STEADY = { tokens: 400, tokensPerSecond: 200 };
const READERS = [1, 50] as const;

/**
 * How long a token takes from the model's `yield` to whoever reads the stream: through the platform, to one reader and to
 * fifty, and as the same model server's webhook brings it to a bare receiver.
 */
export async function stream({ rounds, transport, say }: BenchOptions) {
  const arms = { direct: await directArm(), platform: await platformArm(transport) };
  const direct: Figures[] = [];
  const platform = new Map<number, Figures[]>(READERS.map((readers) => [readers, []]));
  try {
    // Until the code is compiled, and an instance is warm.
    for (const arm of Object.values(arms)) await arm.run({ ...STEADY, readers: 1 });
    for (let round = 0; round < rounds; round++) {
      direct.push(await figures(arms.direct, 1));
      for (const [readers, seen] of platform) seen.push(await figures(arms.platform, readers));
    }
  } finally {
    await Promise.all(Object.values(arms).map((arm) => arm.end()));
  }
  const ratioOf = (seen: readonly Figures[], figure: keyof Figures): Spread =>
    spread(seen.map((now, round) => now[figure] / (direct[round]?.[figure] ?? Number.NaN)));
  const rows = [['arm', 'first p50', 'first p95', 'all p50', 'all p95', 'first ÷ direct', 'all ÷ direct']];
  const row = (name: string, of: Figures, ...ratios: Spread[]) =>
    rows.push([name, ms(of.firstP50Ms), ms(of.firstP95Ms), ms(of.allP50Ms), ms(of.allP95Ms), ...ratios.map(times)]);
  row('webhook, 1 receiver', middle(direct));
  const result: Record<string, object> = { direct: middle(direct) };
  for (const [readers, seen] of platform) {
    const ratios = { first: ratioOf(seen, 'firstP50Ms'), all: ratioOf(seen, 'allP50Ms') };
    row(`stream, ${readers} reader${readers === 1 ? '' : 's'}`, middle(seen), ratios.first, ratios.all);
    result[`readers${readers}`] = { ...middle(seen), ratios };
  }
  say(`${STEADY.tokensPerSecond} tokens a second; from yield to reader`);
  say(table(rows.map((cells) => [...cells, '', ''].slice(0, 7))));
  return result;
}

async function figures(arm: Arm, readers: number): Promise<Figures> {
  const first: number[] = [];
  for (let n = 0; n < FIRSTS_PER_ROUND; n++) {
    const latencies = await arm.run({ ...FIRST_TOKENS, readers });
    first.push(...latencies.flatMap(([one]) => one ?? []));
  }
  const all = (await arm.run({ ...STEADY, readers })).flat();
  return {
    firstP50Ms: median(first),
    firstP95Ms: quantile(first, 0.95),
    allP50Ms: median(all),
    allP95Ms: quantile(all, 0.95),
  };
}

function middle(seen: readonly Figures[]): Figures {
  const of = (figure: keyof Figures) => median(seen.map((one) => one[figure]));
  return {
    firstP50Ms: of('firstP50Ms'),
    firstP95Ms: of('firstP95Ms'),
    allP50Ms: of('allP50Ms'),
    allP95Ms: of('allP95Ms'),
  };
}

const nowMs = (): number => performance.timeOrigin + performance.now();
/** A token is `<n>@<when it was yielded>`. */
const sinceYielded = (token: string): number => nowMs() - Number(token.split('@')[1]);
const inputOf = ({ tokens, tokensPerSecond }: Load) => ({ tokens, tokens_per_second: tokensPerSecond });

/** The model server by itself: its reports come to a bare receiver, which looks for what is new in each. */
async function directArm(): Promise<Arm> {
  const model = await spawnModel(CLOCK_FOLDER, { COG_THROTTLE_RESPONSE_INTERVAL: REPORT_INTERVAL_S });
  await untilReady(model.url, 10);
  let hear: (report: { status: string; output: string[] | null }) => void = () => {};
  const receiver = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      hear(JSON.parse(Buffer.concat(chunks).toString()));
      answer.end();
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const webhook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  let runs = 0;
  return {
    async run(load) {
      const latencies: number[] = [];
      const ended = new Promise<void>((resolve) => {
        hear = ({ status, output }) => {
          for (const token of output?.slice(latencies.length) ?? []) latencies.push(sinceYielded(token));
          if (status === 'succeeded') resolve();
        };
      });
      const { statusCode, body } = await request(`${model.url}/predictions/run-${runs++}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', prefer: 'respond-async' },
        body: JSON.stringify({ input: inputOf(load), webhook, webhook_events_filter: ['output', 'completed'] }),
      });
      await body.dump();
      if (statusCode !== 202) throw new Error(`the model answered ${statusCode}`);
      await ended;
      return [latencies];
    },
    async end() {
      receiver.close();
      receiver.closeAllConnections();
      await model.end();
    },
  };
}

async function platformArm(transport: BenchOptions['transport']): Promise<Arm> {
  const house = await startHouse({ runtime: 'process', transport, env: { LOG_LEVEL: 'warn' } });
  await addModel(house, CLOCK_FOLDER, 'hearth/clock');
  const read = async ({ urls }: WirePrediction, tokens: number): Promise<number[]> => {
    const { body } = await request(urls.stream);
    const latencies: number[] = [];
    for await (const { event, data } of readStreamEvents(body)) {
      if (event === 'output') latencies.push(sinceYielded(data));
    }
    if (latencies.length !== tokens) throw new Error(`${latencies.length} of ${tokens} tokens arrived`);
    return latencies;
  };
  return {
    async run(load) {
      const made = await house.request('POST', '/v1/models/hearth/clock/predictions', { input: inputOf(load) });
      if (made.status !== 201) throw new Error(`the platform answered ${made.status} ${await made.text()}`);
      const prediction = (await made.json()) as WirePrediction;
      return Promise.all(Array.from({ length: load.readers }, () => read(prediction, load.tokens)));
    },
    end: () => house.dispose(),
  };
}
