import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import pc from 'picocolors';
import { addAccounts } from './commands/accounts.ts';
import { addAudit } from './commands/audit.ts';
import { addBackup, addRestore } from './commands/backup.ts';
import { addBudgets } from './commands/budgets.ts';
import { addCollections } from './commands/collections.ts';
import { addDeployments } from './commands/deployments.ts';
import { addDoctor } from './commands/doctor.ts';
import { addExamples } from './commands/examples.ts';
import { addExplain } from './commands/explain.ts';
import { addFiles } from './commands/files.ts';
import { addHardware } from './commands/hardware.ts';
import { addHosts } from './commands/hosts.ts';
import { addLogs } from './commands/logs.ts';
import { addMembers } from './commands/members.ts';
import { addModels } from './commands/models.ts';
import { addPredictions } from './commands/predictions.ts';
import { addPs } from './commands/ps.ts';
import { addRestart } from './commands/restart.ts';
import { addRun } from './commands/run.ts';
import { addSimulate } from './commands/simulate.ts';
import { addTokens } from './commands/tokens.ts';
import { addTrain } from './commands/train.ts';
import { addTrainings } from './commands/trainings.ts';
import { addUp } from './commands/up.ts';
import { addUsage } from './commands/usage.ts';
import { addWebhooks } from './commands/webhooks.ts';

/** The whole command line; each verb adds itself. */
export function createProgram(): Command {
  const program = new Command('hearth')
    .description('Run models on your own machines. `hearth up` starts everything; the other verbs talk to it.')
    .addHelpText(
      'after',
      '\nEnvironment:\n  HEARTH_URL        which Hearth to talk to (default: the one on this machine)\n  HEARTH_API_TOKEN  as whom (default: the token that `hearth up` left in its data folder)',
    )
    .showHelpAfterError('Add --help to see what there is.')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, pc.red('hearth:'))) });
  for (const add of [
    addUp,
    addRestart,
    addBackup,
    addRestore,
    addDoctor,
    addModels,
    addExamples,
    addCollections,
    addDeployments,
    addRun,
    addPredictions,
    addTrain,
    addTrainings,
    addFiles,
    addPs,
    addExplain,
    addHosts,
    addHardware,
    addLogs,
    addUsage,
    addSimulate,
    addWebhooks,
    addAccounts,
    addMembers,
    addTokens,
    addAudit,
    addBudgets,
  ]) {
    add(program);
  }
  for (const group of program.commands) group.hook('preSubcommand', refuseUnknown);
  return program;
}

/** A mistyped verb must not be taken for an argument of `list`, which is what a group does when it is given no verb. */
function refuseUnknown(group: CommandUnknownOpts, chosen: CommandUnknownOpts): void {
  const [typed] = group.args;
  if (typed === undefined || typed.startsWith('-') || typed === chosen.name() || chosen.registeredArguments.length > 0)
    return;
  const verbs = group.commands.map((command) => command.name());
  group.error(`error: unknown command '${group.name()} ${typed}'; allowed: ${verbs.join(', ')}`);
}
