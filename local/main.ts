import { readArguments, usage } from './arguments';
import { type Cloud, startCloud } from './cloud';
import { type DemoUser, seedDemo } from './demo';

// Lambda runs in UTC; the worker threads take the time zone of this process.
process.env['TZ'] = 'UTC';
// What LevelDB and everything else writes is for this user alone.
process.umask(0o077);
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

function print(cloud: Cloud, users: readonly DemoUser[], seconds: number): void {
  const line = (name: string, value: string) => console.log(`  ${name.padEnd(10)} ${value}`);
  console.log('Ward on this machine');
  for (const [name, url] of Object.entries(cloud.urls)) line(name, url);
  line('state', cloud.directory);
  if (users.length > 0) console.log('\nDemo users: e-mail, password, authenticator secret');
  for (const { role, email, password, totpSecret } of users)
    console.log(`  ${role.padEnd(18)} ${email}  ${password}  ${totpSecret}`);
  console.log('\nThis is a laptop emulation. Never put real patient data in it.');
  console.log(`Ready in ${seconds.toFixed(1)} s; Ctrl-C stops it.`);
}

async function main(): Promise<void> {
  const started = performance.now();
  const options = readArguments(process.argv.slice(2));
  if (options === 'help') {
    console.log(usage);
    return;
  }
  const cloud = await startCloud(options);
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await cloud.stop();
    process.exit();
  };
  const fail = (error: unknown) => {
    report(error);
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop().catch(fail));
  process.once('disconnect', () => void stop().catch(fail)); // a test run that was aborted leaves nothing behind
  try {
    print(cloud, await seedDemo(cloud), (performance.now() - started) / 1000);
  } catch (error) {
    await cloud.stop();
    throw error;
  }
  process.send?.({ ready: true, cloud: cloud.file });
}

function report(error: unknown): void {
  console.error(error instanceof Error ? error.message : 'Ward stopped, and it is not known why.');
}

main().catch((error: unknown) => {
  report(error);
  process.exit(1);
});
