import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

const SECRET_FIELDS = ['authorization', 'Authorization', 'token', 'secret', 'password', 'signingKey', 'callbackToken'];
/** Kept for a disk without room; what comes after it is dropped. */
const KEPT_BYTES = 256 * 1024;
const DEPTHS = ['', '*.', '*.*.'];

export interface LoggerOptions {
  /** Which process speaks: `api`, `scheduler`, `dispatcher`, … */
  readonly room: string;
  /** trace, debug, info, warn, error, fatal or silent. */
  readonly level: string;
  /** For people instead of machines; by default when stdout is a terminal. */
  readonly pretty?: boolean;
}

/**
 * JSON lines on stdout. Fields that hold secrets (up to two levels down) print as `[secret]`; errors go under `err`.
 * Writes are synchronous, so the last words before an exit are not lost. What finds a full disk is written once there is
 * room, or dropped: a server that cannot log goes on serving.
 */
export function createLogger({ room, level, pretty: forPeople = process.stdout.isTTY }: LoggerOptions): Logger {
  const options = {
    level,
    base: { room },
    redact: { paths: DEPTHS.flatMap((depth) => SECRET_FIELDS.map((field) => depth + field)), censor: '[secret]' },
  };
  if (!forPeople) return pino(options, patientStdout());
  return pino(options, pretty({ sync: true, ignore: 'pid,hostname,room', messageFormat: '{room}: {msg}' }));
}

function patientStdout() {
  const stdout = pino.destination({ dest: 1, sync: true, maxLength: KEPT_BYTES });
  // There is nowhere left to say it.
  stdout.on('error', () => {});
  return stdout;
}
