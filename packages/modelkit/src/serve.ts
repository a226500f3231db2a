import { flushCompileCache } from 'node:module';
import type { Model } from './model.ts';
import { startServer } from './server.ts';
import { readSettings, SettingsError } from './settings.ts';

function readSettingsOrExit(model: Model) {
  try {
    const settings = readSettings(process.argv.slice(2), process.env);
    if (settings.mode === 'train' && model.trainer === null)
      throw new SettingsError("--x-mode is 'train'; this model has no trainer");
    return settings;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(2);
  }
}

/**
 * Serves a model as a process of its own: reads flags and environment, and ends the process when it is done.
 *
 * Exit codes: 0 after `POST /shutdown` or a signal, 1 after a failed setup or a breakdown, 2 for wrong settings.
 * With `--await-explicit-shutdown` SIGTERM is ignored, and only `POST /shutdown` (or SIGKILL) ends it.
 */
export async function serve(model: Model): Promise<void> {
  const settings = readSettingsOrExit(model);
  // Before anything of the model runs: a SIGTERM during a long setup must find its handler.
  process.on('SIGTERM', () => {
    if (settings.awaitExplicitShutdown) process.stdout.write('SIGTERM ignored: waiting for POST /shutdown\n');
    else process.exit(0);
  });
  process.on('SIGINT', () => process.exit(0));
  const server = await startServer(model, { settings });
  process.on('uncaughtException', (error) => server.breakDown(error));
  process.stdout.write(`listening on ${server.url}\n`);
  // Written at a clean exit only, and a container is mostly killed. Does nothing unless NODE_COMPILE_CACHE is set.
  void server.setupEnded.then(() => flushCompileCache());
  const reason = await server.stopped;
  process.exit(reason === 'shutdown' ? 0 : 1);
}
