import { type Finding, isWarning } from '../../lambda/audit/finding';
import type { Verification } from '../../lambda/audit/verify';

/** @returns what a person reads: what was checked, what is wrong, and the verdict in the last line */
export function describe(result: Verification, options: { readonly since?: Date } = {}): string {
  const { checkpoint, findings, counts } = result;
  const lines = [
    `log          ${result.origin ?? 'unknown'}`,
    `checkpoint   ${checkpoint ? `${checkpoint.size} leaves, signed, of ${checkpoint.at}` : 'none that is valid'}`,
    `root         ${checkpoint?.root ?? '-'}`,
    `read         ${count(result.events, 'event')} in ${count(result.segments, 'segment')}, ${count(result.lanes, 'lane')}, ${count(result.epochs, 'epoch')}`,
    ...(options.since ? [`not read     segments with nothing newer than ${options.since.toISOString()}`] : []),
    ...(findings.length > 0 ? [''] : []),
    ...findings.map(findingLine),
    ...omitted(result),
    '',
    result.ok ? 'The archive is complete, in order and unchanged.' : 'THE ARCHIVE DOES NOT VERIFY.',
  ];
  const acknowledged = findings.filter((finding) => finding.acknowledged).length;
  if (result.ok && acknowledged > 0)
    lines[lines.length - 1] = `The archive verifies but for ${count(acknowledged, 'acknowledged loss', 'es')}.`;
  if (result.ok && counts.UNLOGGED_OBJECT) lines.push('Objects that no checkpoint covers yet are not judged.');
  return lines.join('\n');
}

function findingLine(finding: Finding): string {
  const events = finding.events?.map(([lane, from, to]) => `${lane} ${from === to ? from : `${from}-${to}`}`) ?? [];
  const shown = events.slice(0, 3);
  return [
    isWarning(finding) ? 'warning ' : finding.acknowledged ? 'known   ' : 'FAILURE ',
    `${finding.code}: ${finding.message}`,
    finding.leaf === undefined ? '' : ` [leaf ${finding.leaf}]`,
    finding.object === undefined ? '' : `\n           ${printable(finding.object)}`,
    ...shown.map((range) => `\n           events ${range}`),
    events.length > shown.length ? `\n           and ${events.length - shown.length} more` : '',
  ].join('');
}

function omitted({ counts, findings }: Verification): string[] {
  return Object.entries(counts).flatMap(([code, total]) => {
    const more = total - findings.filter((finding) => finding.code === code).length;
    return more > 0 ? [`         ${code}: ${more} more`] : [];
  });
}

/** An object's name is whatever somebody put there: no control characters reach the terminal. */
const printable = (name: string): string => name.replace(/[^\x20-\x7e]/g, '?').slice(0, 300);

const count = (value: number, noun: string, plural = 's'): string =>
  `${value.toLocaleString('en-US')} ${noun}${value === 1 ? '' : plural}`;
