import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const require = createRequire(import.meta.url);

/** A page in a browser, and everything that went wrong in it so far: errors of scripts, of the console, of our policy. */
export interface Visit {
  readonly page: Page;
  /** Empty it where a test makes one on purpose. */
  readonly problems: string[];
  close(): Promise<void>;
}

/** Where a page is visited. */
interface Place {
  readonly url: string;
  readonly token: string;
}

export interface VisitOptions extends BrowserContextOptions {
  /** Where the visit begins. */
  readonly path?: string;
  /** Left out: the place's own. Null: signed in as nobody. */
  readonly token?: string | null;
}

export interface TestBrowser {
  /** A page of its own, with cookies of its own. */
  visit(place: Place, options?: VisitOptions): Promise<Visit>;
  close(): Promise<void>;
}

/** Headless Chromium. */
export async function startBrowser(): Promise<TestBrowser> {
  const browser = await launch();
  return {
    visit: (place, options = {}) => visit(browser, place, options),
    close: () => browser.close(),
  };
}

async function visit(browser: Browser, place: Place, { path = '/', token, ...options }: VisitOptions): Promise<Visit> {
  // Where the machine has no language, neither has the browser, and what formats numbers would throw.
  const context = await browser.newContext({ baseURL: place.url, locale: 'en-US', ...options });
  if (token !== null) {
    const headers = { origin: place.url };
    const answer = await context.request.post('/session', { data: { token: token ?? place.token }, headers });
    if (!answer.ok()) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`);
  }
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.stack ?? error.message));
  page.on('console', (message) => {
    // Some network of this machine came or went, as Docker's do: no fault of a page, which asks again.
    if (message.text().includes('net::ERR_NETWORK_CHANGED')) return;
    if (['error', 'warning'].includes(message.type())) problems.push(`${message.type()}: ${message.text()}`);
  });
  await page.goto(path);
  return { page, problems, close: () => context.close() };
}

/** What axe finds serious or worse on a page as it is now, each with where it is. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(require.resolve('axe-core'), 'utf8'));
  const results = await page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations"] })');
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id}: ${help} (${target.join(' ')})`));
}

async function launch(): Promise<Browser> {
  const given = process.env.HEARTH_TEST_BROWSER;
  if (given !== undefined) return chromium.launch({ executablePath: given });
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `No browser comes with the tests for ${process.platform} on ${process.arch}: name one in HEARTH_TEST_BROWSER.`,
    );
  }
  const folder = await unpacked();
  return chromium.launch({
    executablePath: join(folder, 'chromium'),
    // Containers have neither the namespaces that the sandbox needs nor a graphics card.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--font-render-hinting=none'],
    env: {
      ...process.env,
      FONTCONFIG_FILE: join(folder, 'fonts.xml'),
      // Libraries that a bare machine has not: NSS and the like.
      LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'),
    },
  });
}

/** The package's own list names folders that only its home has. Its font is the same on every machine. */
const fontsOf = (folder: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, 'fonts')}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(folder, 'fonts-cache')}</cachedir>
  <alias binding="strong"><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias binding="strong"><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
  <alias binding="strong"><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`;

/**
 * The browser of `@sparticuz/chromium`, taken out of its archives once for each version. The package itself does so into
 * the temporary folder, where a second process would find it half done: it is given a folder of its own, which then gets
 * its name in one step.
 */
async function unpacked(): Promise<string> {
  const entry = require.resolve('@sparticuz/chromium');
  const manifest = JSON.parse(readFileSync(join(dirname(entry), '../package.json'), 'utf8')) as { version: string };
  const folder = join(tmpdir(), `hearth-chromium-${manifest.version}`);
  if (existsSync(folder)) return folder;
  const beside = await mkdtemp(`${folder}-`);
  // The name of a runtime that has as few libraries as a bare machine: it decides what is taken out.
  const env = { ...process.env, TMPDIR: beside, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' };
  const script = `await (await import(${JSON.stringify(entry)})).default.executablePath()`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
  await writeFile(join(beside, 'fonts.xml'), fontsOf(folder));
  try {
    await rename(beside, folder);
  } catch (error) {
    // Another process was faster.
    if (!existsSync(folder)) throw error;
    await rm(beside, { recursive: true });
  }
  return folder;
}
