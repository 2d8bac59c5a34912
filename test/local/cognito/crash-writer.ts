import { writeSync } from 'node:fs';
import { Cognito } from '../../../local/cognito/cognito';

/** Creates users and disables every second one until it is killed, and prints each change that was acknowledged. */
const adminOnly = { AdminCreateUserConfig: { AllowAdminCreateUserOnly: true }, UsernameAttributes: ['email'] };

async function main(directory: string, poolId: string, first: number): Promise<void> {
  const cognito = new Cognito({
    directory,
    region: 'us-east-1',
    account: '000000000000',
    authorize: () => undefined,
    trigger: async (_arn, event) => event,
    mail: async () => undefined,
  });
  cognito.ensurePool(poolId, adminOnly);
  const call = async (operation: string, Username: string) => {
    const reply = await cognito.handle({
      caller: { kind: 'root', arn: 'arn:aws:iam::000000000000:root' },
      method: 'POST',
      target: '/',
      headers: { 'x-amz-target': `AWSCognitoIdentityProviderService.${operation}` },
      body: Buffer.from(JSON.stringify({ UserPoolId: poolId, Username })),
    });
    if (reply.status !== 200) throw new Error(`${operation} answered ${reply.status}`);
    writeSync(1, `${operation} ${Username}\n`);
  };
  for (let number = first; ; number++) {
    await call('AdminCreateUser', `user${number}@example.org`);
    if (number % 2) await call('AdminDisableUser', `user${number}@example.org`);
  }
}

const [, , directory = '', poolId = '', first = '0'] = process.argv;
void main(directory, poolId, Number(first));
