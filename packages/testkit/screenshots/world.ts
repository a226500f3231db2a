import type { WirePrediction } from '@hearth/contract';
import type { House } from '../src/house.ts';
import { endOf } from './ended.ts';
import { furnishFleet } from './fleet.ts';
import { furnishModels } from './models.ts';
import { furnishAccounts, furnishBudgets } from './settings.ts';

/** What the pages are shown with. */
export interface World {
  readonly house: House;
  /** A token that may look and do nothing else. */
  readonly reader: string;
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
  const reader = await furnishAccounts(post);
  await furnishFleet(house, post);
  const run = (version: string, input: object) => post<WirePrediction>('/v1/predictions', { version, input });
  const texts = ['one word after the other', 'what the fire says at night', 'ash and ember'];
  const streams = await Promise.all(texts.map((text) => run('hearth/stream', { text })));
  const faulty = await run('hearth/faulty', { mode: 'fail' });
  const [prediction] = await Promise.all(streams.map((each) => endOf(house, each)));
  if (prediction === undefined) throw new Error('nothing was run');
  const [failed, picture] = [await endOf(house, faulty), await furnishModels(house, post)];
  // After everything that is run: a budget near its limit refuses what comes then.
  await furnishBudgets(house, post, prediction);
  return { house, reader, prediction, failed, picture };
}
