import type { Command } from '@commander-js/extra-typings';
import type { WireWebhookMessage } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import pc from 'picocolors';
import { connect } from '../connect.ts';
import { ago, print, printJson, renderTable } from '../output.ts';

export function addWebhooks(program: Command): void {
  const webhooks = program
    .command('webhooks')
    .description('see what webhooks were sent, send one again, show the secret');
  webhooks
    .command('list')
    .description('list what was sent to the webhook of a prediction, with every try')
    .argument('<prediction>', 'its id')
    .option('--json', 'print JSON')
    .action(async (prediction, { json }) => {
      const messages = await connect().webhooks.list(prediction);
      if (json) return printJson(messages);
      const head = ['MESSAGE', 'EVENT', 'STATE', 'TRY', 'AGE', 'TOOK', 'ANSWER'];
      print(renderTable(head, messages.flatMap(rows), 'No webhook was sent for it.'));
    });
  webhooks
    .command('resend')
    .description('send a message again, under its id; nothing happens while it is being sent')
    .argument('<prediction>', 'its id')
    .argument('<message>', 'as `hearth webhooks list` shows it')
    .action(async (prediction, message) => {
      const { url } = await connect().webhooks.resend(prediction, message);
      print(`sending ${message} to ${url} again; \`hearth webhooks list ${prediction}\` shows how it went`);
    });
  webhooks
    .command('secret')
    .description('print the secret that your webhooks are signed with')
    .option('--rotate', 'make a new one first; the one before it signs too for 24 hours')
    .action(async ({ rotate }) => {
      const { key } = await (rotate ? connect().webhooks.rotateSecret() : connect().webhooks.secret());
      print(key);
    });
}

/** One line for each try, and one for a message that was not tried yet. */
function rows({ id, event, state, created_at, tries }: WireWebhookMessage): string[][] {
  if (tries.length === 0) return [[id, event, state, '', ago(created_at, systemNow()), '', '']];
  return tries.map(({ n, at, status_code, error, duration_ms }) => [
    n === 1 ? id : '',
    n === 1 ? event : '',
    n === 1 ? paintedState(state) : '',
    String(n),
    ago(at, systemNow()),
    duration_ms === null ? '' : `${duration_ms} ms`,
    [status_code, error].filter((part) => part !== null).join(': ') || 'no answer yet',
  ]);
}

function paintedState(state: WireWebhookMessage['state']): string {
  if (state === 'delivered') return pc.green(state);
  return state === 'failed' ? pc.red(state) : pc.yellow(state);
}
