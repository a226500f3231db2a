import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import Replicate from 'replicate';
import { eventually, type House, startHouse } from '../../src/house.ts';
import { startTlsFront } from '../../src/tls-front.ts';

const EXAMPLES = join(import.meta.dirname, '../../../../docker/models');

/** Something that was POSTed to a person's webhook. */
export interface Delivery {
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A whole Hearth behind TLS, and the official client as a person would make one. */
export interface World {
  readonly house: House;
  /** `https://localhost:<port>/v1` */
  readonly baseUrl: string;
  /** Made with nothing but a token and the base URL; `options` as people set them. */
  readonly client: (options?: { useFileOutput?: boolean }) => Replicate;
  /** A page with text on it. */
  readonly page: Buffer;
  /** The newest version of one of the example models. */
  readonly versionOf: (model: string) => Promise<string>;
  /** `http://…` that takes webhooks. */
  readonly receiver: string;
  /** The first delivery whose prediction has this id and is over. */
  readonly delivered: (predictionId: string) => Promise<Delivery>;
  close(): Promise<void>;
}

export async function openWorld(): Promise<World> {
  const front = await startTlsFront();
  const house = await startHouse({
    runtime: 'process',
    env: { HEARTH_PUBLIC_URL: front.url, HEARTH_KEEP_ALIVE: '30s' },
  });
  front.forwardTo(house.url);
  setDefaultCACertificates([...getCACertificates('default'), front.certificate]);
  const hooks = await startReceiver();
  return {
    house,
    baseUrl: `${front.url}/v1`,
    client: (options) => new Replicate({ auth: house.token, baseUrl: `${front.url}/v1`, ...options }),
    page: await readFile(join(EXAMPLES, 'ocr/example/page.png')),
    async versionOf(model) {
      const { results } = await house.get<{ results: { id: string }[] }>(`/v1/models/${model}/versions`);
      const [newest] = results;
      if (newest === undefined) throw new Error(`${model} has no version`);
      return newest.id;
    },
    receiver: hooks.url,
    delivered: (id) =>
      eventually(`a webhook about ${id}`, async () =>
        hooks.deliveries.find(({ body }) => body.includes(`"${id}"`) && body.includes('"completed_at"')),
      ),
    async close() {
      await house.dispose();
      await hooks.close();
      await front.close();
    },
  };
}

async function startReceiver() {
  const deliveries: Delivery[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      deliveries.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    deliveries,
    url: `http://127.0.0.1:${port}/hooks?user=7`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
