import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
} from '@aws-sdk/client-cognito-identity-provider';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { Secret, TOTP } from 'otpauth';
import * as z from 'zod';
import { signIn } from '../bin/cognito-sign-in';
import { registerActor } from '../lambda/access/actors';
import { roles } from '../lambda/authentication/actor';
import type { Cloud } from './cloud';
import { writeDurably } from './durable';

const demoUser = z.object({
  /** what `ward login --demo` calls them */
  name: z.string(),
  role: z.enum(roles),
  email: z.string(),
  password: z.string(),
  /** base32, for an authenticator app */
  totpSecret: z.string(),
  /** Cognito `sub` */
  sub: z.uuid(),
});
/** Somebody who can sign in to the laptop cloud. */
export type DemoUser = z.infer<typeof demoUser>;

/** one of each role, and a second clinician to be refused what the first may see */
const people = [
  ['admin', 'admin'],
  ['compliance', 'compliance_officer'],
  ['auditor', 'auditor'],
  ['registrar', 'registrar'],
  ['clinician', 'clinician'],
  ['clinician2', 'clinician'],
  ['billing', 'billing'],
  ['patient', 'patient'],
] as const;

/** Makes sure that the demo people are there, with authenticators of their own; returns them as at the first start. */
export async function seedDemo(cloud: Cloud): Promise<DemoUser[]> {
  const file = join(cloud.directory, 'demo.json');
  const known = existsSync(file) ? z.array(demoUser).parse(JSON.parse(readFileSync(file, 'utf8'))) : [];
  for (const [name, role] of people) {
    if (known.some((user) => user.name === name)) continue;
    known.push(await seed(cloud, name, role));
    writeDurably(file, `${JSON.stringify(known, null, 2)}\n`);
  }
  return known;
}

async function seed(cloud: Cloud, name: string, role: DemoUser['role']): Promise<DemoUser> {
  const { region, credentials } = cloud;
  const outputs: Record<string, string> = Object.assign({}, ...Object.values(cloud.outputs));
  const output = (key: string): string => outputs[key] ?? missing(key);
  const poolId = output('UserPoolId');
  const cognito = new CognitoIdentityProviderClient({ region, credentials, endpoint: cloud.urls.cognito });
  const documents = DynamoDBDocumentClient.from(
    new DynamoDBClient({ region, credentials, endpoint: cloud.urls.dynamodb }),
  );
  const email = `${name}@demo.ward.example`;
  const password = newPassword();
  try {
    const { User } = await cognito.send(
      new AdminCreateUserCommand({
        UserPoolId: poolId,
        // A start that was cut off may have left the account: it is taken over with a new name.
        Username: email,
        MessageAction: 'SUPPRESS',
        UserAttributes: [
          { Name: 'email', Value: email },
          { Name: 'email_verified', Value: 'true' },
        ],
      }),
    );
    const sub = z.uuid().parse(User?.Attributes?.find(({ Name }) => Name === 'sub')?.Value);
    await cognito.send(
      new AdminSetUserPasswordCommand({ UserPoolId: poolId, Username: email, Password: password, Permanent: true }),
    );
    let totpSecret = '';
    await signIn({
      client: cognito,
      poolId,
      clientId: output('ClientId'),
      username: email,
      password,
      totp: async (enrolment) => {
        totpSecret = enrolment?.secret ?? totpSecret;
        // The code of the step before is good for enrolling, and leaves the current one for the person's first sign-in.
        return new TOTP({ secret: Secret.fromBase32(totpSecret) }).generate({ timestamp: Date.now() - 30_000 });
      },
    });
    const createdAt = new Date().toISOString();
    const TransactItems = registerActor(output('GovernanceTable'), {
      sub,
      role,
      status: 'active',
      createdBy: 'demo',
      createdAt,
      version: 1,
    });
    await documents.send(new TransactWriteCommand({ TransactItems }));
    return { name, role, email, password, totpSecret, sub };
  } finally {
    cognito.destroy();
    documents.destroy();
  }
}

/** 20 characters of all four classes that the pool asks for */
const newPassword = (): string => `${randomBytes(12).toString('base64url')}aA1!`;

function missing(key: string): never {
  throw new Error(`the templates have no output ${key}`);
}
