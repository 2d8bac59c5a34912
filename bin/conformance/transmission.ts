import { connect, type SecureVersion } from 'node:tls';
import { type Check, type Finding, green, notOnTheLaptop, red } from '../doctor/finding';
import type { Subject } from './subject';

const patienceMilliseconds = 10_000;
/** with the ciphers that only old versions have, which OpenSSL leaves out by itself: it is the server that must refuse */
const everyCipher = 'ALL:@SECLEVEL=0';
const tooOld = ['TLSv1', 'TLSv1.1'] as const satisfies readonly SecureVersion[];

/** 45 CFR 164.312(e)(1): nobody can talk to Ward in a way that others can read. */
export const transmission: Check<Subject> = {
  name: 'Transmission',
  rule: '45 CFR 164.312(e)(1)',
  look: async ({ target }) => {
    const { protocol, hostname, port } = new URL(target.api);
    if (protocol !== 'https:')
      return target.laptop !== undefined
        ? [notOnTheLaptop('versions of TLS')]
        : [red('TLS', 'the API is not called over https', 'name the outputs of a deployed stage')];
    return versions(hostname, Number(port || 443));
  },
};

/** @returns a finding for the least version that must be taken, and one for each that must not */
export async function versions(host: string, port: number): Promise<readonly Finding[]> {
  const remedy = 'set the security policy of the API and of its domain again: deploy the stage';
  const good = await speaks(host, port, 'TLSv1.2', 'TLSv1.3');
  if (!good) return [red('TLS', 'neither 1.2 nor 1.3 is taken', 'see that the API can be reached from here')];
  const findings: Finding[] = [green('TLS 1.2 or later', good)];
  for (const version of tooOld)
    findings.push(
      (await speaks(host, port, version, version)) ? red(version, 'is taken', remedy) : green(version, 'is refused'),
    );
  return findings;
}

/** @returns the version that was agreed on; undefined when there was no agreement */
function speaks(
  host: string,
  port: number,
  minVersion: SecureVersion,
  maxVersion: SecureVersion,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    // The version alone is asked for here; that the certificate is good, every other request of this command has shown.
    const socket = connect({
      host,
      port,
      servername: host,
      minVersion,
      maxVersion,
      ciphers: everyCipher,
      rejectUnauthorized: false,
    });
    const end = (agreed: string | undefined) => {
      socket.destroy();
      resolve(agreed);
    };
    socket.setTimeout(patienceMilliseconds, () => end(undefined));
    socket.once('secureConnect', () => end(socket.getProtocol() ?? undefined));
    socket.once('error', () => end(undefined));
  });
}
