import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';

/** A request that a client library can send. */
export interface HttpRequest {
  readonly kind: 'http';
  readonly method: string;
  /** With its query, as it goes over the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer | null;
}

/** Bytes for a connection of their own. */
export interface RawRequest {
  readonly kind: 'raw';
  readonly bytes: Buffer;
  /** The sender hangs up its half right after them; else it waits until the server closes. */
  readonly cut: boolean;
}

export interface Reply {
  /** Null: the connection was closed without an answer. */
  readonly status: number | null;
  readonly type: string;
  readonly text: string;
  readonly ms: number;
}

/** Longer than any of these may take on a busy machine; only a hang takes longer. */
const HANGS_AFTER_MS = 20_000;

export interface Sender {
  send(request: HttpRequest | RawRequest): Promise<Reply>;
  close(): void;
}

/** @throws from `send`, where an answer takes too long or cannot be read */
export function createSender(url: string, connections: number): Sender {
  const { hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const timed = async (sent: (signal: AbortSignal) => Promise<Omit<Reply, 'ms'>>): Promise<Reply> => {
    const begun = performance.now();
    const signal = AbortSignal.timeout(HANGS_AFTER_MS);
    try {
      return { ...(await sent(signal)), ms: performance.now() - begun };
    } catch (error) {
      if (signal.aborted) throw new Error(`no answer within ${HANGS_AFTER_MS / 1_000} s`, { cause: error });
      throw error;
    }
  };
  return {
    send: (request) =>
      timed((signal) =>
        request.kind === 'http'
          ? sendHttp(request, { hostname, port, agent, signal })
          : sendRaw(request, { hostname, port: Number(port), signal }),
      ),
    close: () => agent.destroy(),
  };
}

interface HttpTarget {
  readonly hostname: string;
  readonly port: string;
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

function sendHttp(sent: HttpRequest, to: HttpTarget): Promise<Omit<Reply, 'ms'>> {
  const { method, path, headers, body } = sent;
  return new Promise((resolve, reject) => {
    const length = body === null ? {} : { 'content-length': String(body.length) };
    const request = httpRequest({ ...to, method, path, headers: { ...headers, ...length } }, (response) => {
      response.toArray().then((chunks: Buffer[]) => {
        const type = response.headers['content-type'] ?? '';
        resolve({ status: response.statusCode ?? 0, type, text: Buffer.concat(chunks).toString() });
      }, reject);
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      // The server closed a kept connection at that moment: a client tries again.
      if (error.code === 'ECONNRESET' && request.reusedSocket) resolve(sendHttp(sent, to));
      // Refused while it was still sending.
      else if (error.code === 'ECONNRESET' || error.code === 'EPIPE')
        resolve({ status: null, type: '', text: error.code });
      else reject(error);
    });
    request.end(body ?? undefined);
  });
}

function sendRaw(
  { bytes, cut }: RawRequest,
  { hostname, port, signal }: { hostname: string; port: number; signal: AbortSignal },
): Promise<Omit<Reply, 'ms'>> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port, allowHalfOpen: true });
    const chunks: Buffer[] = [];
    signal.addEventListener('abort', () => socket.destroy(new Error('given up')));
    const over = (): void => {
      const answer = Buffer.concat(chunks).toString('latin1');
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1];
      const type = /^content-type: *([^\r\n]*)/im.exec(answer)?.[1] ?? '';
      resolve({ status: status === undefined ? null : Number(status), type, text: answer });
    };
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => {
      socket.destroy();
      over();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') over();
      else reject(error);
    });
    socket.write(bytes);
    if (cut) socket.end();
  });
}
