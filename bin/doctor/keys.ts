import { DescribeKeyCommand, GetKeyRotationStatusCommand, type KMSClient, paginateListKeys } from '@aws-sdk/client-kms';
import { allOf, type Check, type Finding } from './finding';
import type { Place } from './place';
import { idsOf } from './stacks';

export interface KeyFacts {
  readonly id: string;
  readonly description: string;
  readonly customerManaged: boolean;
  readonly state: string;
  readonly symmetric: boolean;
  /** of a symmetric key */
  readonly rotates: boolean;
}

/** 45 CFR 164.312(a)(2)(iv): a key that is lost takes with it what it opens; one that AWS manages has no policy of ours. */
export const keys: Check<Place> = {
  name: 'Keys',
  rule: '45 CFR 164.312(a)(2)(iv)',
  look: async ({ keys: client, deployed }) => {
    const ids = deployed ? idsOf(deployed.stacks, 'AWS::KMS::Key') : await everyKey(client);
    return judgeKeys(await Promise.all(ids.map((id) => describe(client, id))));
  },
};

export function judgeKeys(facts: readonly KeyFacts[]): readonly Finding[] {
  return allOf(facts, {
    subject: 'keys',
    nameOf: ({ id, description }) => description || id,
    well: 'customer-managed, enabled, and rotated where they are symmetric',
    faultsOf: ({ customerManaged, state, symmetric, rotates }) => [
      ...(customerManaged ? [] : [['is not customer-managed', 'deploy the stage again'] as const]),
      ...(state === 'PendingDeletion'
        ? [
            [
              'is about to be deleted',
              'cancel the deletion now and enable the key; docs/runbook.md, "Key faults"',
            ] as const,
          ]
        : state === 'Enabled'
          ? []
          : [[`is ${state}`, 'enable the key; docs/runbook.md, "Key faults"'] as const]),
      ...(symmetric && !rotates && state === 'Enabled'
        ? [['is not rotated', 'turn the yearly rotation on: aws kms enable-key-rotation'] as const]
        : []),
    ],
  });
}

async function everyKey(client: KMSClient): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const page of paginateListKeys({ client }, {}))
    ids.push(...(page.Keys ?? []).flatMap(({ KeyId }) => KeyId ?? []));
  return ids;
}

async function describe(client: KMSClient, id: string): Promise<KeyFacts> {
  const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: id }));
  const symmetric = KeyMetadata?.KeySpec === 'SYMMETRIC_DEFAULT';
  const rotation = symmetric ? await client.send(new GetKeyRotationStatusCommand({ KeyId: id })) : undefined;
  return {
    id,
    description: KeyMetadata?.Description ?? '',
    customerManaged: KeyMetadata?.KeyManager === 'CUSTOMER',
    state: KeyMetadata?.KeyState ?? 'unknown',
    symmetric,
    rotates: rotation?.KeyRotationEnabled === true,
  };
}
