import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { generate } from 'selfsigned';

/** A proxy that ends TLS, as people put one before Hearth: official clients make file objects of `https:` URLs only. */
export interface TlsFront {
  /** `https://localhost:<port>` */
  readonly url: string;
  /** What a client must trust. PEM. */
  readonly certificate: string;
  /** Where requests go: `http://host:port`. */
  forwardTo(url: string): void;
  close(): Promise<void>;
}

export async function startTlsFront(): Promise<TlsFront> {
  const pair = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  let target = '';
  const server = createServer({ key: pair.private, cert: pair.cert }, (incoming, outgoing) => {
    const { method, headers, url = '/' } = incoming;
    const passed = request(new URL(url, target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    outgoing.on('close', () => passed.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://localhost:${port}`,
    certificate: pair.cert,
    forwardTo(url) {
      target = url;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
