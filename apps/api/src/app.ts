import cookie from '@fastify/cookie';
import Fastify, { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { type App, type Context, createContext } from './context.ts';
import type { ApiDeps } from './deps.ts';
import { callerOf, requireIdentity } from './plugins/auth.ts';
import { installBudgetMetrics } from './plugins/budget-metrics.ts';
import { answerBrokenRequest, answerFrameworkError, installErrors } from './plugins/errors.ts';
import { installMetrics } from './plugins/metrics.ts';
import { declareDocs, installOpenapi } from './plugins/openapi.ts';
import { installParsing, MAX_JSON_BYTES } from './plugins/parsing.ts';
import { createThrottle, type Throttle } from './plugins/rate-limits.ts';
import { checkDeclared, requireScope } from './plugins/scopes.ts';
import { installSecurityHeaders } from './plugins/security-headers.ts';
import { installWeb } from './plugins/web.ts';
import { accountRoutes } from './routes/account.ts';
import { accountsRoutes } from './routes/accounts.ts';
import { auditRoutes } from './routes/audit.ts';
import { boardRoutes } from './routes/board.ts';
import { budgetRoutes } from './routes/budgets.ts';
import { collectionRoutes } from './routes/collections.ts';
import { deploymentRoutes } from './routes/deployments.ts';
import { exampleRoutes } from './routes/examples.ts';
import { explainRoutes } from './routes/explain.ts';
import { downloadRoutes, fileRoutes } from './routes/files.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { hardwareRoutes } from './routes/hardware.ts';
import { healthRoutes } from './routes/health.ts';
import { historyRoutes } from './routes/history.ts';
import { hostRoutes } from './routes/hosts.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { memberRoutes } from './routes/members.ts';
import { modelRoutes } from './routes/models.ts';
import { operationRoutes } from './routes/operations.ts';
import { outputRoutes } from './routes/outputs.ts';
import { predictionRoutes } from './routes/predictions.ts';
import { releaseRoutes } from './routes/releases.ts';
import { searchRoutes } from './routes/search.ts';
import { sessionRoutes } from './routes/session.ts';
import { streamRoutes } from './routes/streams.ts';
import { timelineRoutes } from './routes/timeline.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { trainingRoutes } from './routes/trainings.ts';
import { usageRoutes } from './routes/usage.ts';
import { versionRoutes } from './routes/versions.ts';
import { webhookRoutes } from './routes/webhooks.ts';

/** A client may take this long to send its request; large uploads come over slow lines. Answers may take longer. */
const REQUEST_TIMEOUT_MS = 10 * 60_000;
/** Between two looks at who sends too slowly. */
const HEADERS_CHECKED_EVERY_MS = 1_000;
/** Longer than the 60 s that load balancers keep idle connections, so that it is never us who hangs up on a request. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** The whole HTTP API, ready to listen or to be injected into. */
export async function buildApp(deps: ApiDeps): Promise<App> {
  const logger: FastifyBaseLogger = deps.log;
  const app: App = Fastify({
    loggerInstance: logger,
    // A line for every request would cost more than the request; the metrics count them.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_JSON_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: deps.settings.headersTimeoutMs, connectionsCheckingInterval: HEADERS_CHECKED_EVERY_MS },
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    trustProxy: deps.settings.trustProxy === null ? false : [...deps.settings.trustProxy],
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerBrokenRequest,
    // Python's clients add /v1 to a base URL that has it already, or not (contract §0.3): both work.
    rewriteUrl: (request) => (request.url ?? '/').replace(/^\/v1\/v1(?=[/?]|$)/, '/v1'),
  }).withTypeProvider<ZodTypeProvider>();
  app.server.maxConnections = deps.settings.maxConnections;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('identity', null);
  app.decorateRequest('audited', null);
  app.decorateRequest('refusal', null);
  app.addHook('onRoute', declareDocs);
  app.addHook('onRoute', checkDeclared);

  const closing = new AbortController();
  const context = createContext(deps, closing.signal);
  const stopListening = deps.bus.onPoke('api', () => context.targets.forget());
  app.addHook('preClose', async () => closing.abort());
  // The connections of the last answers must not idle for another request.
  app.addHook('onSend', async (_request, reply) => {
    if (closing.signal.aborted || deps.leaving?.aborted) reply.header('connection', 'close');
  });
  app.addHook('onSend', (request, reply) => context.audit.end(request, reply));
  app.addHook('onClose', async () => {
    stopListening();
    context.hub.close();
    context.watching.close();
  });

  await installSecurityHeaders(app, deps.settings.publicUrl);
  const throttle = await createThrottle(app, deps.settings.rateLimits, context.rates);
  await app.register(cookie);
  const answerPage = await installWeb(app, deps.settings.webFolder);
  const throttleApi = async (request: FastifyRequest, reply: FastifyReply) => {
    if (/^\/v1(?:\/|$)/.test(request.url)) await throttle(request, reply);
  };
  installErrors(app, throttleApi, answerPage);
  installParsing(app);
  installMetrics(app, deps.metrics);
  installBudgetMetrics(deps);
  await installOpenapi(app, deps.settings.publicUrl);
  healthRoutes(app, context);
  sessionRoutes(app, context);
  await app.register(async (v1: App) => openRoutes(v1, context, throttle), { prefix: '/v1' });
  await app.register(async (v1: App) => tokenedRoutes(v1, context, throttle), { prefix: '/v1' });
  return app;
}

/** Capability URLs: whoever has one may use it. */
function openRoutes(v1: App, context: Context, throttle: Throttle): void {
  v1.addHook('onRequest', throttle);
  streamRoutes(v1, context);
  outputRoutes(v1, context);
  downloadRoutes(v1, context);
}

async function tokenedRoutes(v1: App, context: Context, throttle: Throttle): Promise<void> {
  v1.addHook('onRequest', async (request) => context.auth.identify(request));
  v1.addHook('onRequest', throttle);
  v1.addHook('onRequest', context.guesses.check);
  v1.addHook('onRequest', async (request) => requireIdentity(request));
  v1.addHook('onRequest', async (request) => {
    const { audit } = request.routeOptions.config;
    if (audit !== undefined) context.audit.expect(request, callerOf(request), audit);
  });
  v1.addHook('onRequest', requireScope);
  v1.addHook('preHandler', (request) => context.audit.begin(request, request.body));
  accountRoutes(v1);
  accountsRoutes(v1, context);
  memberRoutes(v1, context);
  auditRoutes(v1, context);
  predictionRoutes(v1, context);
  trainingRoutes(v1, context);
  modelRoutes(v1, context);
  exampleRoutes(v1, context);
  collectionRoutes(v1, context);
  await v1.register(async (scope: App) => searchRoutes(scope, context));
  versionRoutes(v1, context);
  deploymentRoutes(v1, context);
  releaseRoutes(v1, context);
  hardwareRoutes(v1, context);
  explainRoutes(v1, context);
  boardRoutes(v1, context);
  fleetRoutes(v1, context);
  operationRoutes(v1, context);
  historyRoutes(v1, context);
  hostRoutes(v1, context);
  usageRoutes(v1, context);
  budgetRoutes(v1, context);
  ledgerRoutes(v1, context);
  tokenRoutes(v1, context);
  timelineRoutes(v1, context);
  webhookRoutes(v1, context);
  await fileRoutes(v1, context);
}
