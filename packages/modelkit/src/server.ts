/** The server of one model, free of process-wide effects: tests run several of them in one process. */
import type { AddressInfo } from 'node:net';
import { mannersOf } from './generation.ts';
import { routes } from './http.ts';
import type { Model } from './model.ts';
import { http } from './node-http.ts';
import { Outbound } from './outbound.ts';
import { bodiesOf } from './responses.ts';
import { Runner } from './runner.ts';
import type { Settings } from './settings.ts';
import { inTrainMode } from './trainer.ts';

/** Why a server stopped: it was asked to, its setup failed, or it broke outside every prediction. */
export type StopReason = 'shutdown' | 'setup-failed' | 'defunct';

export interface ModelServer {
  /** `http://host:port`, with an address that a client on this machine can use. */
  readonly url: string;
  readonly port: number;
  /** Resolves when the setup has ended, in whatever way; `/health-check` tells how. */
  readonly setupEnded: Promise<void>;
  /** Resolves when the server has stopped. */
  readonly stopped: Promise<StopReason>;
  /** Stops at once; predictions in flight are lost. */
  stop(): Promise<void>;
  /** Reports an error that belongs to no prediction: those in flight fail, and the server is `DEFUNCT`. */
  breakDown(error: unknown): void;
}

export interface ServerOptions {
  readonly settings: Settings;
  /** Takes what the model logs; default stdout. */
  readonly print?: (text: string) => void;
}

/** Idle connections live long: a platform that keeps one open must not find it closed when it sends the next request. */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;

/** How long a stopping server still tries to deliver last reports. */
const FLUSH_LIMIT_MS = 2_000;

/**
 * Listens, then runs the setup: `/health-check` and `/openapi.json` answer meanwhile. Unless told to await an explicit
 * shutdown, the server stops by itself when its setup fails or it breaks down.
 *
 * @throws the error of `listen`, for instance EADDRINUSE; an Error in train mode, where the model has no trainer.
 */
export async function startServer(model: Model, options: ServerOptions): Promise<ModelServer> {
  const { settings, print = (text) => process.stdout.write(text) } = options;
  const outbound = new Outbound();
  const served = settings.mode === 'train' ? inTrainMode(model) : model;
  const bodies = bodiesOf(settings.generation);
  const manners = mannersOf(settings.generation);
  const runner = new Runner(served, { settings, manners, bodies, outbound, print });
  const { promise: stopped, resolve: onStopped } = Promise.withResolvers<StopReason>();
  const stop = (reason: StopReason) => {
    server.close(() => onStopped(reason));
    server.closeAllConnections();
    outbound.close();
  };
  const stopGently = (reason: StopReason) => void runner.flush(FLUSH_LIMIT_MS).then(() => stop(reason));
  const stopUnlessAwaited = (reason: StopReason) => {
    if (!settings.awaitExplicitShutdown && !manners.outlivesFailure) stopGently(reason);
  };
  const server = http.createServer(
    { keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS, requestTimeout: 0 },
    routes({
      model,
      served,
      mode: settings.mode,
      runner,
      bodies,
      manners,
      print,
      onShutdown: () => stopGently('shutdown'),
    }),
  );
  const { promise: listening, resolve: onListening, reject: onError } = Promise.withResolvers<void>();
  server.once('error', onError);
  server.listen(settings.port, settings.host, onListening);
  await listening;
  const { port } = server.address() as AddressInfo;
  const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host;
  const setupEnded = runner.setUp().then((succeeded) => {
    if (!succeeded) stopUnlessAwaited('setup-failed');
  });
  return {
    url: `http://${host}:${port}`,
    port,
    setupEnded,
    stopped,
    stop: async () => {
      stop('shutdown');
      await stopped;
    },
    breakDown: (error) => stopUnlessAwaited(runner.breakDown(error)),
  };
}
