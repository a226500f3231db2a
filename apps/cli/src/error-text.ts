import { ApiError } from '@hearth/contract';
import pc from 'picocolors';
import { UsageError } from './connect.ts';

/** An error as one sentence for the person at the terminal; the stack too with LOG_LEVEL=debug. */
export function errorText(error: unknown, env: NodeJS.ProcessEnv): string {
  const text = `${pc.red('hearth:')} ${sentence(error, env)}`;
  const wordy = env.LOG_LEVEL === 'debug' || env.LOG_LEVEL === 'trace';
  return wordy && error instanceof Error && error.stack ? `${text}\n${error.stack}` : text;
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
]);

function sentence(error: unknown, env: NodeJS.ProcessEnv): string {
  if (error instanceof ApiError) {
    if (error.status === 401) return badToken(env);
    const fields = error.invalidFields.map(({ field, description }) => `\n  ${field}: ${description}`);
    // The detail of an invalid input lists the fields already.
    return fields.length > 0 ? `${error.title}.${fields.join('')}` : error.detail || error.title;
  }
  if (error instanceof UsageError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const code = unreachableCode(error);
  if (code === null) return withCause(error);
  const at = env.HEARTH_URL ? ` at ${env.HEARTH_URL}` : '';
  return `Hearth cannot be reached${at} (${code}). Start it with \`npm start\`, or set HEARTH_URL to where it runs.`;
}

/** fetch's own message says nothing; its cause does. Others have the cause's words in theirs. */
function withCause({ message, cause }: Error): string {
  return cause instanceof Error && !message.includes(cause.message) ? `${message}: ${cause.message}` : message;
}

/** The server does not say which of the three it is, so that nobody learns which tokens there are. */
const badToken = (env: NodeJS.ProcessEnv): string =>
  env.HEARTH_API_TOKEN
    ? 'The token in HEARTH_API_TOKEN is not good: mistyped, removed, or over. Make another with `hearth tokens add`.'
    : 'The token that `hearth up` left for the command line is not good any more. Its next start leaves another.';

/** fetch hides the cause of a failed connection one or two errors down. */
function unreachableCode(error: Error): string | null {
  if ('code' in error && typeof error.code === 'string' && UNREACHABLE.has(error.code)) return error.code;
  if (error instanceof AggregateError)
    return error.errors.map((each) => (each instanceof Error ? unreachableCode(each) : null)).find(Boolean) ?? null;
  return error.cause instanceof Error ? unreachableCode(error.cause) : null;
}
