/** A server that plays one of Cog's generations, and somebody for it to report to. */
import { afterEach, beforeEach } from 'vitest';
import type { Model, ModelServer } from '../src/index.ts';
import { ask, startQuietly, timeless } from './client.ts';
import { type Received, type Receiver, startReceiver } from './receiver.ts';

export type Generation = 'A' | 'B' | 'coglet';
export const GENERATIONS: readonly Generation[] = ['A', 'B', 'coglet'];

interface Start {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

type Play = (generation: Generation, model: Model, start?: Start) => Promise<ModelServer>;

export interface Stage {
  readonly receiver: () => Receiver;
  /** The address to report to. */
  readonly hook: () => string;
  /** Another receiver takes the place of the one that answers 200 to everything. */
  readonly listen: (...answer: Parameters<typeof startReceiver>) => Promise<Receiver>;
  readonly play: Play;
  /** As `play`, and the setup is over. */
  readonly playReady: Play;
}

/** Sets up before each test of the file, and takes down after it. */
export function stageForEach(): Stage {
  const servers: ModelServer[] = [];
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    await receiver.close();
  });
  const play: Play = async (generation, model, { flags = [], env = {} } = {}) => {
    const server = await startQuietly(model, flags, { HEARTH_COG_GENERATION: generation, ...env });
    servers.push(server);
    return server;
  };
  return {
    receiver: () => receiver,
    hook: () => `${receiver.url}/hook`,
    listen: async (...answer) => {
      await receiver.close();
      receiver = await startReceiver(...answer);
      return receiver;
    },
    play,
    playReady: async (...args) => {
      const server = await play(...args);
      await server.setupEnded;
      return server;
    },
  };
}

export const bodyOf = (request: Received): unknown => timeless(JSON.parse(request.text));
export const keysOf = (body: unknown): readonly string[] => Object.keys(body as object).toSorted();
export const healthOf = async (server: ModelServer) => (await ask(server, 'GET /health-check')).body;
