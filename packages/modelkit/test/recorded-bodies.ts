/** Parts of the recorded bodies that come again and again. */
export const HELLO_DEFAULTS = {
  seconds: 0,
  steps: 4,
  mode: 'ok',
  size: 1,
  flag: false,
  image: null,
  key: null,
  seed: null,
};
export const SETUP = {
  started_at: 'TIME',
  completed_at: 'TIME',
  logs: 'setup: loading weights\nsetup: done\n',
  status: 'succeeded',
};
export const BUSY = {
  status: 409,
  contentType: 'application/json',
  body: { detail: 'Already running a prediction' },
};
