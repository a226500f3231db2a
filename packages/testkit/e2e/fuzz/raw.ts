import type { Chance } from './chance.ts';
import { headerValue, segment } from './garbage.ts';
import type { RawRequest } from './send.ts';

interface RawWorld {
  readonly host: string;
  readonly token: string;
  readonly create: { readonly path: string };
}

/** What no client library would send: broken framing, cut bodies, odd request lines. None of it is a whole good request. */
export function rawRequest(
  { host, token, create: { path } }: RawWorld,
  chance: Chance,
): { what: string; request: RawRequest } {
  const who = `Host: ${host}\r\nAuthorization: Bearer ${token}\r\n`;
  const json = 'Content-Type: application/json\r\n';
  const body = '{"input":{"text":"hi"}}';
  const post = `POST ${path} HTTP/1.1\r\n${who}${json}`;
  const closing = 'Connection: close\r\n';
  const whole = (what: string, text: string) => ({ what, text, cut: false });
  const cut = (what: string, text: string) => ({ what, text, cut: true });
  const {
    what,
    text,
    cut: cutShort,
  } = chance.pick([
    cut('a body cut short', `${post}Content-Length: 500\r\n\r\n${body}`),
    cut('a body that never came', `${post}Content-Length: 500\r\n\r\n`),
    cut('a chunk cut short', `${post}Transfer-Encoding: chunked\r\n\r\n50\r\n${body}`),
    cut('a head cut short', `${post}X-Odd: a`),
    cut('nothing', ''),
    cut(
      'an upload cut short',
      `POST /v1/files HTTP/1.1\r\n${who}Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000\r\n\r\n--x\r\nContent-Disposition: form-data; name="content"; filename="a"\r\n\r\nabc`,
    ),
    whole('a body longer than it says', `${post}${closing}Content-Length: 5\r\n\r\n${body}`),
    whole('two lengths', `${post}${closing}Content-Length: 5\r\nContent-Length: 6\r\n\r\n${body}`),
    whole('a length and chunks', `${post}${closing}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
    whole('a length below nothing', `${post}${closing}Content-Length: -1\r\n\r\n${body}`),
    whole('a length beyond numbers', `${post}${closing}Content-Length: ${'9'.repeat(40)}\r\n\r\n${body}`),
    whole('a chunk of an odd size', `${post}${closing}Transfer-Encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`),
    whole('an unknown coding', `${post}${closing}Transfer-Encoding: gzip\r\n\r\n${body}`),
    whole('no host', `POST ${path} HTTP/1.1\r\n${json}${closing}Content-Length: 2\r\n\r\n{}`),
    whole('an old protocol', `POST ${path} HTTP/1.0\r\n${json}Content-Length: 2\r\n\r\n{}`),
    whole('a protocol to come', `POST ${path} HTTP/7.3\r\n${who}${closing}\r\n`),
    whole('another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'),
    whole('TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n'),
    whole('HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    whole('a method that is none', `F\xfc\xdf ${path} HTTP/1.1\r\n${who}${closing}\r\n`),
    whole('an unknown method', `FETCH ${path} HTTP/1.1\r\n${who}${closing}\r\n`),
    whole('a method in small letters', `post ${path} HTTP/1.1\r\n${who}${closing}\r\n`),
    whole('a space in its URL', `POST ${path}/a b HTTP/1.1\r\n${who}${closing}\r\n`),
    whole('a URL of a kind', `POST ${segment(chance)} HTTP/1.1\r\n${who}${closing}Content-Length: 0\r\n\r\n`),
    whole('an absolute URL', `DELETE http://elsewhere${path} HTTP/1.1\r\n${who}${closing}\r\n`),
    whole('a tunnel', `CONNECT ${host} HTTP/1.1\r\n${who}${closing}\r\n`),
    whole('a URL of 100 kB', `POST /v1/${'x'.repeat(100_000)} HTTP/1.1\r\n${who}${closing}\r\n`),
    whole('a header of 100 kB', `${post}${closing}X-Odd: ${'x'.repeat(100_000)}\r\nContent-Length: 2\r\n\r\n{}`),
    whole('three thousand headers', `${post}${closing}${'X: y\r\n'.repeat(3_000)}Content-Length: 2\r\n\r\n{}`),
    whole('a header without a name', `${post}${closing}: x\r\nContent-Length: 2\r\n\r\n{}`),
    whole('a header with a space in its name', `${post}${closing}X Odd: x\r\nContent-Length: 2\r\n\r\n{}`),
    whole('a NUL in a header', `${post}${closing}X-Odd: a\0b\r\nContent-Length: 2\r\n\r\n{}`),
    whole('a folded header', `${post}${closing}X-Odd: a\r\n b\r\nContent-Length: 2\r\n\r\n{}`),
    whole('bare line feeds', `POST ${path} HTTP/1.1\nHost: ${host}\nConnection: close\nContent-Length: 2\n\n{}`),
    whole('an expectation', `${post}${closing}Expect: ${headerValue(chance)}\r\nContent-Length: 2\r\n\r\n{}`),
    whole(
      'another protocol to go over to',
      `${post}Connection: close, upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}`,
    ),
    whole('two of every header', `${post}${post.slice(post.indexOf('\r\n') + 2)}${closing}Content-Length: 2\r\n\r\n{}`),
  ]);
  return { what, request: { kind: 'raw', bytes: Buffer.from(text, 'latin1'), cut: cutShort } };
}
