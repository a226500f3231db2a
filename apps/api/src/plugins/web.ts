import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../context.ts';

/**
 * What a page of ours may load and do: our own scripts and styles, in files; pictures and sounds from wherever a model or a
 * person says they are. Nothing is evaluated, framed or posted elsewhere.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "font-src 'self'",
  "img-src 'self' data: blob: https: http:",
  "media-src 'self' data: blob: https: http:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'referrer-policy': 'same-origin',
  // A newer build has other files: each visit asks which.
  'cache-control': 'no-cache',
};

/** What a page of the UI may not be called. */
const NOT_PAGES = /^\/(?:v1|docs|session|assets|health|metrics|openapi\.json)(?:[/?]|$)/;

/** Answers with a page of the UI where the request is for one; false: it is for something else. */
export type AnswerPage = (request: FastifyRequest, reply: FastifyReply) => boolean;

/**
 * Serves the web UI, built into `folder`: its files, and its one page for every address that a browser asks for and that is
 * nothing else. Without a build there are no pages, and the rest of the API is the same.
 */
export async function installWeb(app: App, folder: string): Promise<AnswerPage> {
  if (!existsSync(folder)) {
    app.log.warn({ folder }, 'the web UI was not built: npm run build');
    return () => false;
  }
  await app.register(fastifyStatic, { root: folder, serve: false, preCompressed: true, cacheControl: false });

  // Their names hold a digest of what is in them.
  app.get<{ Params: { name: string } }>(
    '/assets/:name',
    { config: { needs: 'nothing' }, schema: { hide: true } },
    (request, reply) => {
      const { name } = request.params;
      if (!/^\w[\w.-]*$/.test(name)) return reply.callNotFound();
      reply.header('cache-control', 'public, max-age=31536000, immutable');
      return reply.sendFile(name, join(folder, 'assets'));
    },
  );
  for (const file of ['theme.js', 'favicon.svg']) {
    app.get(`/${file}`, { config: { needs: 'nothing' }, schema: { hide: true } }, (_request, reply) => {
      reply.header('cache-control', 'no-cache');
      return reply.sendFile(file);
    });
  }

  return (request, reply) => {
    if (!isForPage(request)) return false;
    reply.headers(PAGE_HEADERS).sendFile('index.html');
    return true;
  };
}

const isForPage = ({ method, url, headers }: FastifyRequest): boolean =>
  (method === 'GET' || method === 'HEAD') &&
  !NOT_PAGES.test(url) &&
  (/^\/(?:\?|$)/.test(url) || (headers.accept ?? '').includes('text/html'));
