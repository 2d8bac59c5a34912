import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Access, type Authorize, type Caller, type Service, ServiceError } from '../../local/service';

export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';
export const CALLER: Caller = { kind: 'role', arn: `arn:aws:iam::${ACCOUNT}:role/test` };
export const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'test' };

/** Writes down every permission asked for, and refuses the actions in `denied`. */
export class Recorder {
  readonly asked: Access[] = [];
  readonly denied = new Set<string>();
  readonly authorize: Authorize = (_caller, access) => {
    this.asked.push(access);
    if (this.denied.has(access.action)) throw new ServiceError('AccessDeniedException', 'not authorized');
  };

  of(action: string): Access[] {
    return this.asked.filter((access) => access.action === action);
  }
}

/** The service over HTTP on a free port, for the real SDK clients; signatures are not its business. */
export async function serve(service: Service): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const { method = '', url: target = '', headers } = request;
      const reply = await service.handle({ caller: CALLER, method, target, headers, body: Buffer.concat(chunks) });
      response.writeHead(reply.status, reply.headers).end(reply.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A folder that is gone after the test. */
export function temporaryDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'ward-local-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs the promise for its failure. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return error instanceof Error ? error.name : 'not an error';
  }
  return 'no failure';
}
