import { createServer, type SecureVersion, type Server } from 'node:tls';
import { versions } from '../../bin/conformance/transmission';

/** of a test alone: nothing trusts it */
const cert = `-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUGXmeAhOMthdMiVCiwBtryBGVC40wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzA1MTcxMFoYDzIxMjYxMDMw
MDUxNzEwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAR6WadY5XiCQlpQKW6nf7mxriovZKL/nVM//7FMcZwb2Q29NCABRrm1
2xP984iaBpG0ZOFyqTxt1FAYAn8e2w7uo1MwUTAdBgNVHQ4EFgQUp2AyQTKm37AS
SidtvbNItEqQJdAwHwYDVR0jBBgwFoAUp2AyQTKm37ASSidtvbNItEqQJdAwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBxDxlY5lBoNTRzwPKBYVuf
jY2YBtXKn6/dFz8EvY4WVAIhAJ40m9AfIewWayFb2QJ/QRRchCfwhilajN+GLSAM
PpkC
-----END CERTIFICATE-----`;
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJCasY9er+Q2KWpOP
cxai9olt/BxIJzU2Fld5OUVsWHyhRANCAAR6WadY5XiCQlpQKW6nf7mxriovZKL/
nVM//7FMcZwb2Q29NCABRrm12xP984iaBpG0ZOFyqTxt1FAYAn8e2w7u
-----END PRIVATE KEY-----`;

let server: Server | undefined;
afterEach(() => new Promise((done) => (server ? server.close(done) : done(undefined))));

/** @returns the port of a server that takes these versions and nothing else */
function listen(minVersion: SecureVersion, maxVersion: SecureVersion): Promise<number> {
  const made = createServer({ cert, key, minVersion, maxVersion, ciphers: 'ALL:@SECLEVEL=0' });
  made.on('tlsClientError', () => undefined);
  server = made;
  return new Promise((done) =>
    made.listen(0, '127.0.0.1', () => {
      const address = made.address();
      done(typeof address === 'object' && address ? address.port : 0);
    }),
  );
}
const verdicts = async (port: number) =>
  (await versions('127.0.0.1', port)).map(({ subject, verdict, says }) => [subject, verdict, says]);

test('a server that takes TLS 1.2 and 1.3 alone is green, 45 CFR 164.312(e)(1)', async () => {
  expect(await verdicts(await listen('TLSv1.2', 'TLSv1.3'))).toEqual([
    ['TLS 1.2 or later', 'green', 'TLSv1.3'],
    ['TLSv1', 'green', 'is refused'],
    ['TLSv1.1', 'green', 'is refused'],
  ]);
});

test('a server that takes what is too old is red: it is not this side that refuses', async () => {
  expect(await verdicts(await listen('TLSv1', 'TLSv1.3'))).toEqual([
    ['TLS 1.2 or later', 'green', 'TLSv1.3'],
    ['TLSv1', 'red', 'is taken'],
    ['TLSv1.1', 'red', 'is taken'],
  ]);
});

test('a server that does not answer shows nothing, and is red', async () => {
  const port = await listen('TLSv1.2', 'TLSv1.3');
  await new Promise((done) => server?.close(done));
  server = undefined;
  expect(await verdicts(port)).toEqual([['TLS', 'red', 'neither 1.2 nor 1.3 is taken']]);
});
