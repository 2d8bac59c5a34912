import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { operationalLogs } from '../../lambda/breach/operational-logs';

const groups = Array.from({ length: 51 }, (_, n) => `group-${n}`);
const from = new Date('2026-11-23T12:00:00.000Z');
const to = new Date('2026-11-23T13:00:00.000Z');
const row = (minute: number) => [
  { field: '@timestamp', value: `2026-11-23 12:${String(minute).padStart(2, '0')}:00.000` },
  { field: 'message', value: 'request failed' },
];

/** @param answers of the queries, in order: its minutes, or the state that it ended in */
function insights(...answers: readonly (readonly number[] | string)[]) {
  const asked: (readonly string[])[] = [];
  const send = async (command: { readonly input: Record<string, unknown> }) => {
    const { queryId, logGroupNames } = command.input;
    if (queryId === undefined) return { queryId: String(asked.push(logGroupNames as string[]) - 1) };
    const answer = answers[Number(queryId)] ?? [];
    return typeof answer === 'string' ? { status: answer } : { status: 'Complete', results: answer.map(row) };
  };
  return { asked, client: { send } as unknown as CloudWatchLogsClient };
}

test('more log groups than one query takes are asked in several, and told in one order', async () => {
  const { asked, client } = insights([5, 30], [1, 59]);
  const rows = await operationalLogs(client, groups, from, to);
  expect(asked.map(({ length }) => length)).toEqual([50, 1]);
  expect(asked.flat()).toEqual(groups);
  expect(rows?.map(({ at }) => at.slice(14, 16))).toEqual(['01', '05', '30', '59']);
});

test('what is told is the first two hundred, whichever query found them', async () => {
  const { client } = insights(new Array(150).fill(2), new Array(150).fill(1));
  const rows = await operationalLogs(client, groups, from, to);
  expect(rows?.map(({ at }) => at.slice(14, 16))).toEqual([...new Array(150).fill('01'), ...new Array(50).fill('02')]);
});

test('one query that fails leaves no half an answer', async () => {
  const { client } = insights([5], 'Failed');
  expect(await operationalLogs(client, groups, from, to)).toBeUndefined();
});
