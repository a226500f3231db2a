import type { WirePrediction } from '@hearth/contract';
import { eventually, type House } from '../src/house.ts';
import { furnishFleet } from './fleet.ts';
import { furnishModels } from './models.ts';

/** What the pages are shown with. */
export interface World {
  readonly house: House;
  /** One that has succeeded. */
  readonly prediction: WirePrediction;
  readonly failed: WirePrediction;
  /** One that made a picture smaller. */
  readonly picture: WirePrediction;
}

/** Fills a fresh house with what there is to see: accounts, tokens, limits, and predictions that ended in each way. */
export async function furnish(house: House): Promise<World> {
  const post = async <T>(path: string, body: unknown, method = 'POST'): Promise<T> => {
    const answer = await house.request(method, path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  };
  await post('/v1/tokens', { name: 'laptop', scope: 'admin', operator: true });
  await post('/v1/tokens', { name: 'nightly import' });
  for (const username of ['research', 'shop', 'batch']) await post('/v1/tokens', { name: 'first', username });
  await post('/v1/accounts/batch', { weight: 0.5, max_in_flight: 20 }, 'PATCH');
  await post('/v1/accounts/shop', { weight: 4 }, 'PATCH');

  await furnishFleet(house, post);
  const run = (version: string, input: object) => post<WirePrediction>('/v1/predictions', { version, input });
  const ended = ({ id }: WirePrediction) =>
    eventually(
      `the end of ${id}`,
      async () => {
        const now = await house.get<WirePrediction>(`/v1/predictions/${id}`);
        return ['succeeded', 'failed', 'canceled'].includes(now.status) && now;
      },
      120_000,
    );
  const texts = ['one word after the other', 'what the fire says at night', 'ash and ember'];
  const streams = await Promise.all(texts.map((text) => run('hearth/stream', { text })));
  const faulty = await run('hearth/faulty', { mode: 'fail' });
  const [prediction] = await Promise.all(streams.map(ended));
  if (prediction === undefined) throw new Error('nothing was run');
  return { house, prediction, failed: await ended(faulty), picture: await furnishModels(house, post) };
}
