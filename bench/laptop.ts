import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Ward } from '../test/e2e/ward';
import { table } from './measure';
import { caredFor, ok } from './scene';
import { synthesize } from './synthesis';

const root = resolve(__dirname, '..');
const reads = 3000;
const connections = 8;

/** Starts the laptop cloud, imports a demo patient and reads one diagnosis over and over: each read decided, decrypted and recorded. */
export async function run(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ward-bench-'));
  const assembly = join(directory, 'cdk.out');
  const synthesis = synthesize(assembly);
  const begun = performance.now();
  const cloud = spawn(
    process.execPath,
    ['--import', 'tsx', 'local/main.ts', '--port', '0', '--data', join(directory, 'state'), assembly],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  try {
    const [message] = (await once(cloud, 'message')) as [{ cloud: string }];
    const ready = performance.now();
    const ward = new Ward(message.cloud);
    const { path, token } = await prepare(ward);
    const url = new URL(path, ward.cloud.urls.api);
    await load(url, token, 300); // both workers warm
    const processorBefore = processorSeconds(cloud.pid);
    const before = performance.now();
    const latencies = await load(url, token, reads);
    const seconds = (performance.now() - before) / 1000;
    const processor = (processorSeconds(cloud.pid) - processorBefore) / reads;
    const status = readFileSync(`/proc/${cloud.pid}/status`, 'utf8');
    const at = (part: number) => `${(latencies[Math.floor(latencies.length * part)] ?? 0).toFixed(1)} ms`;
    process.stdout.write(
      table(
        ['laptop cloud', 'measured', 'budget'],
        [
          ['synthesis', `${synthesis.toFixed(1)} s`, '15 s'],
          ['ready, with eight demo people enrolled', `${((ready - begun) / 1000).toFixed(1)} s`, '10 s'],
          [`audited single-record reads, ${connections} at once`, `${Math.round(reads / seconds)}/s`, '300/s'],
          ['processor time a read, all threads', `${(processor * 1000).toFixed(1)} ms`, '6.7 ms'],
          ['latency, median', at(0.5), ''],
          ['latency, 99 of 100', at(0.99), ''],
          ['memory', `${Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)} MB`, '400 MB'],
        ],
      ),
    );
  } finally {
    cloud.kill('SIGTERM');
    await once(cloud, 'exit');
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Unlike the rate, it does not depend on what else the machine does. Linux: user and system time in hundredths of a second. */
function processorSeconds(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function prepare(ward: Ward): Promise<{ readonly path: string; readonly token: string }> {
  const list = `/v1/patients/${await caredFor(ward)}/records/diagnoses`;
  const { entries } = await ok(ward.as('clinician'), 'GET', list);
  return { path: `${list}/${entries[0].id}`, token: (await ward.tokens('clinician')).accessToken };
}

/** @returns the latencies in milliseconds, shortest first */
async function load(url: URL, token: string, count: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies: number[] = [];
  let left = count;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const start = performance.now();
      await new Promise<void>((done, fail) => {
        request(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
          if (response.statusCode !== 200) fail(new Error(`a read answered ${response.statusCode}`));
          response.resume().once('end', done);
        })
          .once('error', fail)
          .end();
      });
      latencies.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  agent.destroy();
  return latencies.sort((a, b) => a - b);
}
