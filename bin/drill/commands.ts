import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import * as z from 'zod';
import { ApiClient, ApiError } from '../api-client';
import { demoLogin } from '../login';
import { say } from '../prompt';
import { Session } from '../session';
import { readTarget, type Target } from '../target';
import { drillBreach, type Player } from './breach';

const people = z.array(z.object({ name: z.string(), sub: z.uuid() }));
/** an authenticator's code is good once, for half a minute */
const codeMilliseconds = 30_000;
/** between two looks for the next checkpoint */
const checkpointMilliseconds = 5_000;

export function addDrills(program: Command, where: () => { readonly outputs?: string; readonly data: string }): void {
  program
    .command('drill')
    .description('rehearse on the laptop cloud, with synthetic patients')
    .command('breach')
    .description('play a whole breach, from snooping to the closed dossier, and keep every document')
    .option('--output <folder>', 'where the documents go; a new folder when absent')
    .action(async ({ output }: { output?: string }) => {
      const target = readTarget(where());
      const folder = output ?? mkdtempSync(join(tmpdir(), 'ward-drill-'));
      if (!target.laptop)
        throw new Error('a drill suspends a person and makes notices: it runs on the laptop cloud alone');
      const demo = people.parse(JSON.parse(readFileSync(join(target.laptop, 'demo.json'), 'utf8')));
      const player = async (name: string): Promise<Player> => {
        const sub = demo.find((each) => each.name === name)?.sub;
        if (!sub) throw new Error(`the laptop cloud has no demo person ${name}`);
        return { sub, call: caller(await signedIn(target, name)) };
      };
      await drillBreach({
        players: {
          registrar: await player('registrar'),
          admin: await player('admin'),
          snooper: await player('clinician2'),
          compliance: await player('compliance'),
          auditor: await player('auditor'),
        },
        output: folder,
        say,
        now: () => new Date(),
        awaitCheckpoint: () => pause(checkpointMilliseconds),
      });
      say(`The documents are in ${folder}. They are as real as the patients: not at all.`);
    });
}

async function signedIn(target: Target, name: string): Promise<ApiClient> {
  const session = new Session(target, `drill-${name}`);
  const client = new ApiClient(target, session);
  try {
    await client.call('GET', '/v1/me');
    return client;
  } catch {
    // Not signed in yet, or no more.
  }
  try {
    session.save(await demoLogin(target, name));
  } catch {
    say(`${name}’s code was used a moment ago: waiting for the next one.`);
    await pause(codeMilliseconds - (Date.now() % codeMilliseconds) + 500);
    session.save(await demoLogin(target, name));
  }
  return client;
}

const caller =
  (client: ApiClient): Player['call'] =>
  async (method, path, body) => {
    try {
      return await client.call(method, path, body);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { status: error.status, body: { type: error.type, detail: error.message, errors: error.errors } };
    }
  };
