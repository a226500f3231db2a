import { zDuration } from './config.ts';

/** Environment keys of how long runs may take: the dispatcher keeps to them, and the api sets money aside by them. */
export const runLimitsEnvironment = {
  HEARTH_PREDICTION_TIMEOUT: zDuration().prefault('30m'),
  HEARTH_TRAINING_TIMEOUT: zDuration().prefault('24h'),
  HEARTH_CANCEL_GRACE: zDuration().prefault('10s'),
};
