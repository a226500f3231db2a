import { createClient } from '@hearth/contract';
import { UsageError } from '../connect.ts';
import { type UpConfig, upConfig } from './config.ts';
import { openControl } from './control.ts';
import { type FolderLock, forgetFirstToken, lockFolder } from './data-folder.ts';
import { type Engine, engineAddress, findEngine } from './docker-engine.ts';
import { chooseExampleRuntime, deployExamples } from './examples.ts';
import type { House } from './house.ts';
import { needPorts } from './ports.ts';
import type { Progress } from './progress.ts';
import { chooseAddresses, restartRoom, serverEnvironment, startServers } from './servers.ts';
import type { Start } from './start.ts';
import { startDatabase, startQueue } from './stores.ts';
import { type SummaryFacts, summaryText } from './summary.ts';
import { obtainTokens } from './tokens.ts';
import { buildWeb } from './web.ts';

/** What an abandoned start left behind needs this long at most to close and free its ports. */
const ABANDONED_PATIENCE_MS = 30_000;
const CONTROL_BOUND_MS = 1_000;

/** Runs Hearth until `signal` aborts, then ends all of it, last started first. @throws what kept it from starting */
export async function up(env: NodeJS.ProcessEnv, progress: Progress, house: House, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  const config = upConfig(env);
  const lock = lockFolder(config.HEARTH_DATA_DIR);
  try {
    // Ctrl-C does not wait for what a start waits for: a build, a pull, a version that is looked at.
    const facts = await Promise.race([
      start({ config, env, progress, house, signal }, lock),
      rejectWhenAborted(signal),
    ]);
    progress.line(summaryText({ ...facts, tookMs: performance.now() - startedAt }));
    forgetFirstToken(config.HEARTH_DATA_DIR);
    await rejectWhenAborted(signal);
  } catch (error) {
    // Interrupted while it started: not an error.
    if (!signal.aborted) throw error;
  } finally {
    if (signal.aborted) progress.line('\n  Ending');
    // A start that failed has its error to show; that what it had begun ends again is no news.
    await house.close((name) => signal.aborted && progress.line(`  · ${name}`));
    lock.release();
  }
}

async function start(start: Start, lock: FolderLock): Promise<Omit<SummaryFacts, 'tookMs'>> {
  const { config, house, progress, signal } = start;
  const engineAt = engineAddress(config.DOCKER_HOST);
  // The scheduler would refuse it too, after everything else has started.
  if (engineAt.kind === 'unsupported') throw new UsageError(engineAt.why);
  const web = buildWeb(signal);
  // Whoever ends this start early is told why elsewhere.
  web.catch(() => {});
  const database = await progress.step(
    'Database',
    () => startDatabase(start),
    ({ words }) => words,
  );
  signal.throwIfAborted();
  const queue = await progress.step(
    'Queue',
    () => startQueue(start),
    ({ words }) => words,
  );
  signal.throwIfAborted();
  const { engine, words: runtime } = await progress.step(
    'Models run',
    () => chooseRuntime(config),
    ({ words }) => words,
  );
  try {
    const addresses = await chooseAddresses(config, engine);
    await needPorts(addresses.wanted, lock.wasAbandoned ? ABANDONED_PATIENCE_MS : 0, signal);
    const env = serverEnvironment(start, addresses, { databaseUrl: database.url, redisUrl: queue.redisUrl });
    const webProblem = await web;
    if (webProblem !== null) progress.line(`  The web UI could not be built: ${webProblem}`);
    const servers = await progress.step(
      'Servers',
      () => startServers(start, addresses, env),
      () => `api, dispatcher, scheduler at ${addresses.url}`,
    );
    await house.keep('control socket', CONTROL_BOUND_MS, () =>
      openControl(config.HEARTH_DATA_DIR, {
        stores: { databaseUrl: database.url, redisUrl: queue.redisUrl },
        restart: (name) => restartRoom(servers, name, signal),
      }),
    );
    const tokens = await obtainTokens(config, addresses.ownUrl, database.url);
    const examples = await startExamples(start, engine, addresses.ownUrl, tokens.own);
    return {
      url: config.HEARTH_PUBLIC_URL ?? addresses.url,
      dataFolder: config.HEARTH_DATA_DIR,
      database: database.words,
      queue: queue.words,
      runtime,
      firstToken: tokens.first,
      webProblem,
      ...examples,
    };
  } finally {
    await engine?.close();
  }
}

async function chooseRuntime({
  HEARTH_RUNTIME,
  DOCKER_HOST,
  DOCKER_CERT_PATH,
}: UpConfig): Promise<{ engine: Engine | null; words: string }> {
  if (HEARTH_RUNTIME === 'process')
    return { engine: null, words: 'as processes of this machine (HEARTH_RUNTIME=process)' };
  const engine = await findEngine(DOCKER_HOST, DOCKER_CERT_PATH);
  if (typeof engine !== 'string') {
    return {
      engine,
      words: `in containers (Docker Engine ${engine.version} answers at ${engine.at}); folders as processes`,
    };
  }
  if (HEARTH_RUNTIME === 'docker') throw new Error(`HEARTH_RUNTIME is docker, but ${engine}`);
  return { engine: null, words: `as processes of this machine: ${engine}` };
}

async function startExamples({ config, progress, signal }: Start, engine: Engine | null, url: string, token: string) {
  if (!config.HEARTH_EXAMPLES) return { examples: [], examplesNote: null };
  const runtime = await chooseExampleRuntime(engine, signal);
  const client = createClient({ baseUrl: url, token });
  const examples = await deployExamples({ client, runtime, dataFolder: config.HEARTH_DATA_DIR, progress, signal });
  return { examples, examplesNote: runtime.note };
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
