import { readStreamEvents, type StreamEvent, type WirePrediction } from '@hearth/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLOCK_FOLDER } from '../bench/hand.ts';
import { eventually, type House, startHouse } from '../src/house.ts';

const TOKENS = 2_000;
const TOKENS_PER_SECOND = 200;
const READERS = 50;

describe.each(['redis', 'postgres'] as const)('streams, over %s', (transport) => {
  let house: House;

  beforeAll(async () => {
    house = await startHouse({ runtime: 'process', transport });
    const added = await house.hearth(
      'models',
      'add',
      CLOCK_FOLDER,
      'hearth/clock',
      '--command',
      `${process.execPath} main.ts`,
    );
    expect(added.code, added.stderr).toBe(0);
    // Warm, so that the readers are there before the first token.
    await finished(await create({ tokens: 1, tokens_per_second: 1_000 }));
  }, 240_000);
  afterAll(async () => {
    await house?.dispose();
  });

  async function create(input: object): Promise<WirePrediction> {
    const response = await house.request('POST', '/v1/models/hearth/clock/predictions', { input });
    expect(response.status, await response.clone().text()).toBe(201);
    return (await response.json()) as WirePrediction;
  }
  const finished = (prediction: WirePrediction) =>
    eventually(`prediction ${prediction.id} to succeed`, async () => {
      const now = await house.get<WirePrediction>(`/v1/predictions/${prediction.id}`);
      return now.status === 'succeeded' && now;
    });

  interface Reading {
    readonly events: readonly StreamEvent[];
    /** Milliseconds between a token's being yielded and its being here, one for each. */
    readonly latenciesMs: readonly number[];
  }

  /** Reads to the end, or leaves after `leaveAfter` events as a client does that lost its connection. */
  async function read(
    prediction: WirePrediction,
    from?: { lastEventId?: string; leaveAfter?: number },
  ): Promise<Reading> {
    const cut = new AbortController();
    const headers = from?.lastEventId === undefined ? {} : { 'last-event-id': from.lastEventId };
    const { body } = await fetch(prediction.urls.stream, { headers, signal: cut.signal });
    if (body === null) throw new Error('the stream has no body');
    const events: StreamEvent[] = [];
    const latenciesMs: number[] = [];
    for await (const event of readStreamEvents(body)) {
      events.push(event);
      if (event.event === 'output') latenciesMs.push(Date.now() - Number(event.data.split('@')[1]));
      if (events.length === from?.leaveAfter) break;
    }
    cut.abort();
    return { events, latenciesMs };
  }

  const numbersOf = (events: readonly StreamEvent[]): number[] =>
    events.filter(({ event }) => event === 'output').map(({ data }) => Number(data.split('@')[0]));

  it(`${TOKENS} tokens at ${TOKENS_PER_SECOND} a second arrive complete and in order at ${READERS} readers`, async () => {
    const prediction = await create({ tokens: TOKENS, tokens_per_second: TOKENS_PER_SECOND });
    const steady = Array.from({ length: READERS - 1 }, () => read(prediction));
    // One loses its connection three times on the way.
    const cutOff = async (): Promise<StreamEvent[]> => {
      const events: StreamEvent[] = [];
      for (const leaveAfter of [1, 500, 700]) {
        const lastEventId = events.at(-1)?.id;
        events.push(
          ...(await read(prediction, { leaveAfter, ...(lastEventId !== undefined && { lastEventId }) })).events,
        );
      }
      return [...events, ...(await read(prediction, { lastEventId: events.at(-1)?.id ?? '' })).events];
    };
    const [reconnected, ...readings] = await Promise.all([cutOff(), ...steady]);
    const all = Array.from({ length: TOKENS }, (_, n) => n);
    for (const events of [reconnected, ...readings.map((reading) => reading.events)]) {
      expect(numbersOf(events)).toEqual(all);
      expect(events.at(-1)).toMatchObject({ event: 'done', data: '{}' });
      expect(events.filter(({ event }) => event === 'done')).toHaveLength(1);
    }
    // They came as they were yielded, not at the end: the run takes ten seconds.
    const latenciesMs = readings.flatMap((reading) => reading.latenciesMs).toSorted((a, b) => a - b);
    expect(latenciesMs[Math.floor(latenciesMs.length / 2)]).toBeLessThan(1_000);
    expect((await finished(prediction)).output).toHaveLength(TOKENS);
  });

  it('a reader that comes after the end gets the same', async () => {
    const prediction = await create({ tokens: 20, tokens_per_second: 1_000 });
    const [live] = await Promise.all([read(prediction), finished(prediction)]);
    expect((await read(prediction)).events).toEqual(live.events);
    expect(numbersOf(live.events)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it('goes on where it was through a restart of the api and of the dispatcher', async () => {
    const prediction = await create({ tokens: 600, tokens_per_second: 100 });
    const before = await read(prediction, { leaveAfter: 50 });
    await house.kill9('dispatcher');
    await house.kill9('api');
    const lastEventId = before.events.at(-1)?.id ?? '';
    const after = await eventually('the api to stream again', () => read(prediction, { lastEventId }), 60_000);
    expect(numbersOf([...before.events, ...after.events])).toEqual(Array.from({ length: 600 }, (_, n) => n));
    expect(after.events.at(-1)).toMatchObject({ event: 'done', data: '{}' });
  });
});
