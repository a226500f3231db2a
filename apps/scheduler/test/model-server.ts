import { createServer } from 'node:http';

/**
 * The smallest server that speaks Cog's protocol as far as a runtime sees it, run by the contract suite as a process and
 * in a container. MODEL_SETUP: ok (default), fail, exit, oom, hang; MODEL_SETUP_MS before that.
 */
const setup = process.env.MODEL_SETUP ?? 'ok';
let status = 'STARTING';

function fillMemory(): void {
  const held: Buffer[] = [];
  const more = (): void => {
    held.push(Buffer.alloc(16 * 2 ** 20, 1));
    setTimeout(more, 5);
  };
  more();
}

const server = createServer((request, response) => {
  if (request.url === '/shutdown') {
    response.end('{}', () => process.exit(0));
    return;
  }
  if (request.url === '/crash') process.exit(7);
  const body =
    request.url === '/openapi.json' ? { openapi: '3.0.2', info: {} } : { status, setup: { logs: 'setup said this' } };
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
});
server.listen(Number(process.env.PORT), () => {
  console.log(`listening; sees GPUs: "${process.env.CUDA_VISIBLE_DEVICES ?? ''}"`);
  setTimeout(
    () => {
      console.log(`setup: ${setup}`);
      if (setup === 'ok') status = 'READY';
      if (setup === 'fail') status = 'SETUP_FAILED';
      if (setup === 'exit') process.exit(3);
      if (setup === 'oom') fillMemory();
    },
    Number(process.env.MODEL_SETUP_MS ?? '0'),
  );
});
// Like a Cog server told to await an explicit shutdown.
process.on('SIGTERM', () => console.log('SIGTERM ignored'));
