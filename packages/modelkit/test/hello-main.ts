/** The hello model as a process; HELLO_SETUP=fail makes its setup fail, HELLO_SETUP=stray breaks it from outside. */
import { serve } from '../src/index.ts';
import { Gate, helloModel } from './recorded-models.ts';

await serve(
  helloModel(new Gate(), () => {
    if (process.env.HELLO_SETUP === 'fail') throw new Error('boom in setup');
    if (process.env.HELLO_SETUP === 'stray') setImmediate(() => void Promise.reject(new Error('nobody caught this')));
  }),
);
