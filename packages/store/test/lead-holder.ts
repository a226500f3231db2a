import { createStore } from '../src/index.ts';

// Leads the scheduler of the database that argv names, and says on stdout what becomes of that.
const [, , url = ''] = process.argv;
const say = (text: string) => process.stdout.write(`${text}\n`);

const store = await createStore({ url });
const lead = await store.lead('scheduler', new AbortController().signal);
lead.lost.addEventListener('abort', () => say('LOST'));
say('LEADING');
let held = true;
setInterval(() => {
  if (held && !lead.isHeld()) {
    held = false;
    say('NOT HELD');
  }
}, 10);
