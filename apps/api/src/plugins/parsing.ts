import type { FastifyInstance } from 'fastify';
import { Problem } from '../problem.ts';

/** Room for inline files: the clients' own limit of 10,000,000 bytes, in base64, and some more. */
export const MAX_JSON_BYTES = 16 * 1024 * 1024;

/**
 * JSON bodies. An empty one is no body: Replicate's JavaScript client says `application/json` on every request, also on
 * those without a body (contract §0.1).
 */
export function installParsing(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: MAX_JSON_BYTES },
    (request, body, done) => {
      if (body === '') return done(null, undefined);
      const text = body.toString();
      return parse(request, text, (error, value) => {
        if (error) done(new Problem('malformed-json', `The body is not JSON: ${whyNot(text)}`));
        else done(null, value);
      });
    },
  );
  app.addHook('onRequest', async (request) => {
    if (request.url.includes('%00')) throw new Problem('bad-request', 'A URL cannot hold the character %00.');
  });
}

/** The default parser keeps the reason to itself. */
function whyNot(text: string): string {
  try {
    JSON.parse(text);
    return 'the names __proto__ and constructor.prototype are not allowed.';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
