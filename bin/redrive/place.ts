import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { OutboxReader } from '../../lambda/audit/outbox-reader';
import { declarations, type FunctionName } from '../../lib/functions';
import { demandOutputs, readStageOutputs } from '../stage-outputs';
import { Letters } from './letters';
import type { Started } from './plan';
import type { Hands } from './run';

/** Where the dead letters of a stage are, and with whose hands they are run again. */
export interface RedrivePlace {
  readonly letters: Letters;
  /** what runs without a person, by its name in AWS */
  readonly functions: ReadonlyMap<string, Started>;
  readonly hands: Hands;
}

const declared = new Map<string, FunctionName>(declarations.map(([name]) => [name, name]));
const needed = z.object({
  Region: z.string(),
  AuditTable: z.string(),
  FailuresQueue: z.url(),
  /** `<declared name>=<name in AWS>`, with spaces between: lib/redrive.ts */
  StartedFunctions: z.string(),
  /** `<declared name>=<id of a role>,<id of a role>`, with spaces between */
  LetterSenders: z.string(),
  /** absent where the settings name nobody */
  RedriveRole: z.string().optional(),
});
/** Lambda's longest run, and a little more for the answer. */
const answerMilliseconds = 16 * 60 * 1000;

/**
 * A deployed stage, with whatever credentials the AWS SDK finds; tests give other clients.
 * @throws Error in one sentence when the outputs are not those of a Ward of this version
 */
export function openStage(
  file: string,
  clients: { readonly lambda?: LambdaClient; readonly queue?: SQSClient; readonly tables?: DynamoDBClient } = {},
): RedrivePlace {
  const outputs = demandOutputs(readStageOutputs(file), needed);
  const { Region: region, AuditTable, FailuresQueue, StartedFunctions, LetterSenders, RedriveRole } = outputs;
  if (RedriveRole === undefined)
    throw new Error('nobody runs dead letters of this stage: its setting redriveOperators names no one');
  const senders = pairs(LetterSenders);
  const functions = new Map(
    [...pairs(StartedFunctions)].flatMap(([name, named]) => {
      const known = declared.get(name);
      return known ? [[named, { name: known, senders: senders.get(name)?.split(',') ?? [] }] as const] : [];
    }),
  );
  const named = new Map([...functions].map(([inAws, { name }]) => [name, inAws]));
  // A run that is tried again because its answer was lost would be two runs at once.
  const lambda =
    clients.lambda ??
    new LambdaClient({
      region,
      maxAttempts: 1,
      requestHandler: { requestTimeout: answerMilliseconds, throwOnRequestTimeout: true },
    });
  const documents = DynamoDBDocumentClient.from(clients.tables ?? new DynamoDBClient({ region }));
  return {
    letters: new Letters(clients.queue ?? new SQSClient({ region }), FailuresQueue),
    functions,
    hands: {
      lambda,
      outbox: new OutboxReader(documents, AuditTable),
      nameOf: (name) => {
        const found = named.get(name);
        if (found === undefined) throw new Error('the outputs name no such function');
        return found;
      },
    },
  };
}

const pairs = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split(' ').map((pair) => {
      const [name = '', value = ''] = pair.split('=');
      return [name, value];
    }),
  );
