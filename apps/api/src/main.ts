import { join } from 'node:path';
import { createDownloadSigner, createSigner, openBlobs } from '@hearth/files';
import {
  createLogger,
  createMetrics,
  createOutboundGuard,
  createSealer,
  ensureSecretKeys,
  loadConfig,
  newSecret,
  runServer,
  settingsOrExit,
  systemNow,
} from '@hearth/kit';
import { createTransport } from '@hearth/queue';
import { createStore, migrate } from '@hearth/store';
import { buildApp } from './app.ts';
import { apiConfigSchema } from './config.ts';
import { ensureFirstAdmin, seedHardware } from './first-start.ts';
import { finishConnections, listen } from './listen.ts';
import { createUrlCheck } from './predictions/outbound-check.ts';
import { startQueueSweep } from './queue-sweep.ts';

const config = settingsOrExit(() => loadConfig(apiConfigSchema, process.env));
const log = createLogger({ room: 'api', level: config.logLevel });

/** A caller is told that the store does not answer, instead of waiting for ever with all who come after. */
const STORE_ANSWERS_WITHIN_MS = 30_000;

/** What has begun may go on this long beside a successor: `Prefer: wait` holds 60 s, and a connection idles for 72 s. */
const HAND_OVER_MS = 75_000;

async function start() {
  await migrate(config.databaseUrl);
  const store = await createStore({ url: config.databaseUrl, answerWithinMs: STORE_ANSWERS_WITHIN_MS });
  await ensureFirstAdmin(store, config.firstAdmin, config.dataDir);
  await seedHardware(store);
  const signer = createSigner(await store.settings.ensure('signing-secret', newSecret));
  const where = config.redisUrl ? { redisUrl: config.redisUrl } : { postgresUrl: config.databaseUrl };
  const transport = await createTransport(where, { now: systemNow, log });
  const installation = await store.settings.ensure('installation', newSecret);
  const blobs = await openBlobs({ folder: join(config.dataDir, 'files'), s3: config.s3, installation });
  const filesSecret = config.filesSigningSecret ?? (await store.settings.ensure('files-signing-secret', newSecret));
  const downloads = createDownloadSigner(filesSecret);
  const metrics = createMetrics('api');
  const { queues, bus } = transport;
  const settings = { ...config, webFolder: join(import.meta.dirname, '../../web/dist') };
  const urlCheck = createUrlCheck(createOutboundGuard({ rules: config.outbound }), systemNow);
  const sealer = createSealer(config.secretKeys ?? (await ensureSecretKeys(config.dataDir)));
  const files = { blobs, signer, downloads, urlCheck, sealer };
  const leaving = new AbortController();
  const around = { metrics, log, now: systemNow, settings, leaving: leaving.signal };
  const app = await buildApp({ store, queues, bus, ...files, ...around });
  await listen(app, config);
  const stopSweep = startQueueSweep({ store, queues, log });
  const close = async () => {
    await app.close();
    await stopSweep();
    await transport.close();
    await store.close();
  };
  const handOver = () => {
    leaving.abort();
    return finishConnections(app, HAND_OVER_MS);
  };
  return { close, handOver };
}

runServer({ log, start, graceMs: 10_000 });
