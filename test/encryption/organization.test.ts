import { checkOrganization, demandOrganization } from '../../lambda/encryption/organization';
import { type Cloud, cloud, codeOf, keysTable } from './cloud';

let aws: Cloud;
beforeEach(async () => {
  aws = await cloud();
});
afterEach(() => aws.close());

const demand = (organization: string) => demandOrganization(aws.documents, keysTable, organization);

describe('the organization of a keys table', () => {
  it('is the first that uses it, and stays', async () => {
    await demand('example-clinic');
    await demand('example-clinic');
    expect(await aws.item('O#', 'ORGANIZATION')).toEqual({
      PK: 'O#',
      SK: 'ORGANIZATION',
      organization: 'example-clinic',
    });
  });

  it('refuses a deployment that is configured with another, and says why', async () => {
    await demand('example-clinic');
    const refusal = demand('another-clinic');
    await expect(refusal).rejects.toThrow(
      /configured for the organization "another-clinic".*belong to "example-clinic"/,
    );
    expect(await codeOf(demand('another-clinic'))).toBe('organization-mismatch');
    expect(await codeOf(demand('Example-Clinic'))).toBe('organization-mismatch');
  });

  it('is one, also when several begin at once', async () => {
    const tries = await Promise.allSettled(['a', 'b', 'a', 'b'].map(demand));
    const { organization } = (await aws.item('O#', 'ORGANIZATION')) ?? {};
    expect(tries.map(({ status }) => status)).toEqual(
      ['a', 'b', 'a', 'b'].map((name) => (name === organization ? 'fulfilled' : 'rejected')),
    );
  });

  it('is not decided by a function that makes no keys', async () => {
    const check = (organization: string) => checkOrganization(aws.documents, keysTable, organization);
    expect(await check('example-clinic')).toBe(false);
    expect(await aws.item('O#', 'ORGANIZATION')).toBeUndefined();
    await demand('example-clinic');
    expect(await check('example-clinic')).toBe(true);
    expect(await codeOf(check('another-clinic'))).toBe('organization-mismatch');
  });

  it('is doubted when it cannot be read', async () => {
    aws.database.deny = () => true;
    expect(await codeOf(demand('example-clinic'))).toBe('denied');
    aws.database.deny = () => false;
    await aws.transact({ Put: { TableName: keysTable, Item: { PK: 'O#', SK: 'ORGANIZATION', organization: '' } } });
    expect(await codeOf(demand('example-clinic'))).toBe('invalid');
  });
});
