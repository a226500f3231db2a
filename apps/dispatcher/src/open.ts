import { join } from 'node:path';
import { createSigner, openBlobs } from '@hearth/files';
import { createMetrics, createSealer, ensureSecretKeys, type Logger, newSecret, systemNow } from '@hearth/kit';
import { createTransport } from '@hearth/queue';
import { createStore, migrate } from '@hearth/store';
import type { DispatcherConfig } from './config.ts';
import { startDispatcher } from './dispatcher.ts';
import { createRunMetrics } from './runs/run-metrics.ts';
import { serveTerms, type Term } from './terms.ts';

const STORE_CONNECTIONS = 20;

/** Connects to everything and dispatches whenever this process leads, until closed. */
export async function openDispatcher(config: DispatcherConfig, log: Logger): Promise<Term> {
  const { databaseUrl, redisUrl, predictionTimeoutMs, trainingTimeoutMs, cancelGraceMs, retentionMs } = config;
  await migrate(databaseUrl);
  const store = await createStore({ url: databaseUrl, maxConnections: STORE_CONNECTIONS });
  const address = redisUrl ? { redisUrl } : { postgresUrl: databaseUrl };
  const { queues, bus, ...transport } = await createTransport(address, { now: systemNow, log });
  const exposition = createMetrics('dispatcher');
  const installation = await store.settings.ensure('installation', newSecret);
  const options = {
    ...config,
    store,
    queues,
    bus,
    log,
    exposition,
    blobs: await openBlobs({ folder: join(config.dataDir, 'files'), s3: config.s3, installation }),
    sealer: createSealer(config.secretKeys ?? (await ensureSecretKeys(config.dataDir))),
    signer: createSigner(await store.settings.ensure('signing-secret', newSecret)),
    metrics: createRunMetrics(exposition),
    now: systemNow,
    monotonicMs: () => performance.now(),
    timings: { predictionTimeoutMs, trainingTimeoutMs, cancelGraceMs, retentionMs },
  };
  const stopping = new AbortController();
  const served = serveTerms(store, log, stopping.signal, (isLeading) => startDispatcher({ ...options, isLeading }));
  return {
    async close() {
      stopping.abort();
      await served;
      await transport.close();
      await store.close();
    },
  };
}
