import { readStreamEvents, type WirePrediction } from '@hearth/contract';
import type { PredictionRow } from '@hearth/store';
import Replicate, { type FileOutput } from 'replicate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatcher, type House, startHouse } from './harness.ts';

let house: House;
let dispatcher: ReturnType<typeof createDispatcher>;
let url: string;
let replicate: Replicate;
/** The house gives out URLs of a name that nobody knows. */
const fetchHere = (input: Request | URL | string, init?: RequestInit) =>
  fetch(String(input instanceof Request ? input.url : input).replace('http://hearth.test', url), init);

beforeAll(async () => {
  house = await startHouse();
  dispatcher = createDispatcher(house.deps);
  url = await house.app.listen({ host: '127.0.0.1', port: 0 });
  replicate = new Replicate({ auth: house.admin.token, baseUrl: `${url}/v1`, fetch: fetchHere });
  await house.addModel('echo');
});
afterAll(() => house.close());

/** A prediction that runs. */
async function running(
  model = 'echo',
  input: object = { text: 'hi' },
): Promise<{ created: WirePrediction; row: PredictionRow }> {
  const { body } = await house.ask('POST', `/v1/models/hearth/${model}/predictions`, { input });
  return { created: body, row: await dispatcher.claim(body.id) };
}

describe('a stream through the official client', () => {
  /** The output events of `replicate.stream`, of a model that gives back `output`. */
  async function streamed(model: 'hearth/echo' | 'hearth/pictures', input: object, output: unknown[]) {
    const stopPlaying = house.whenPoked('scheduler', async () => {
      const waiting = await house.store.predictions.waitingTickets(null, 10);
      for (const { predictionId } of waiting)
        await dispatcher.finish(await dispatcher.claim(predictionId), 'succeeded', { output });
    });
    const got: unknown[] = [];
    for await (const { event, data } of replicate.stream(model, { input })) if (event === 'output') got.push(data);
    stopPlaying();
    return got;
  }

  it.each([
    ['one empty', ['']],
    ['line ends of all kinds', ['a\n', '\n', 'b\r\nc', 'd\re\r']],
    ['spaces in front', [' a', '  b', ':c', 'data: d']],
    ['separators that are no line ends', ['a\u2028b\u0085c\u000bd', '🙂']],
  ])('text arrives as it was yielded, with LF for every end of a line: %s', async (_, tokens) => {
    const { created, row } = await running();
    await dispatcher.finish(row, 'succeeded', { output: tokens });
    const got = await streamed('hearth/echo', { text: 'hi' }, tokens);
    expect(got).toEqual(tokens.map((token) => token.replaceAll(/\r\n?/g, '\n')));
    const ours: string[] = [];
    const { body } = await fetchHere(created.urls.stream);
    if (body === null) throw new Error('the stream has no body');
    for await (const { event, data } of readStreamEvents(body)) if (event === 'output') ours.push(data);
    expect(ours).toEqual(got);
  });

  it('files arrive as file objects that read the file, and texts as texts', async () => {
    const file = { type: 'string', format: 'uri' };
    const schemas = { Input: { type: 'object', properties: {} }, Output: { type: 'array', items: file } };
    await house.addModel('pictures', { components: { schemas } });
    const { created, row } = await running('pictures', {});
    expect(new URL(created.urls.stream).pathname).toMatch(/^\/v1\/files\/stream-/);
    expect((await house.ask('GET', `/v1/predictions/${row.id}`)).body.urls.stream).toBe(created.urls.stream);
    const got = await streamed('hearth/pictures', {}, ['http://hearth.test/health']);
    const [picture] = got as FileOutput[];
    expect(picture?.url()).toEqual(new URL('http://hearth.test/health'));
    expect(await (await picture?.blob())?.text()).toContain('ok');
    const { created: text } = await running();
    expect(new URL(text.urls.stream).pathname).toMatch(/^\/v1\/streams\//);
  });
});
