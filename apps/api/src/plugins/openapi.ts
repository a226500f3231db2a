import swagger from '@fastify/swagger';
import scalar from '@scalar/fastify-api-reference';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { policyOfPage } from './security-headers.ts';

/** An `onRoute` hook: what the page's own routes need, which cannot be said where they are made. */
export function declareDocs(route: RouteOptions): void {
  if (/^\/docs(?:\/|$)/.test(route.url)) route.config = { ...route.config, needs: 'nothing' };
}

/** The document of this API at `/openapi.json`, and a page to browse it at `/docs`. Registered before the routes. */
export async function installOpenapi(app: FastifyInstance, publicUrl: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Hearth',
        version: '1.0.0',
        description: "Replicate's HTTP API on your own machines, and what Hearth adds to it.",
      },
      servers: [{ url: publicUrl }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
    transform: (given) => {
      const { schema, url } = jsonSchemaTransform(given);
      return { schema: { ...schema, 'x-needs': given.route.config?.needs }, url };
    },
  });
  app.get('/openapi.json', { config: { needs: 'nothing' }, schema: { hide: true } }, () => app.swagger());
  await app.register(async (docs) => {
    docs.addHook('onSend', async (_request, reply, body) => {
      if (typeof body === 'string' && String(reply.getHeader('content-type')).startsWith('text/html'))
        reply.header('content-security-policy', policyOfPage(body));
    });
    await docs.register(scalar, {
      routePrefix: '/docs',
      configuration: { url: '/openapi.json', withDefaultFonts: false },
    });
  });
}
