/** What a question to the audit log gives, wherever it was asked. */
export interface QueryResult {
  readonly columns: readonly string[];
  /** a cell is a string, number, boolean, null, or a list or object of these */
  readonly rows: readonly (readonly unknown[])[];
}

export const formats = ['table', 'csv', 'json'] as const;
export type Format = (typeof formats)[number];

/** @returns text that ends in a line feed */
export function render(result: QueryResult, format: Format): string {
  if (format === 'json')
    return `${JSON.stringify(
      result.rows.map((row) => record(result.columns, row)),
      null,
      2,
    )}\n`;
  return format === 'csv' ? csv(result) : table(result);
}

function record(columns: readonly string[], row: readonly unknown[]): object {
  return Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null]));
}

/** RFC 4180, and safe to open in a spreadsheet: a cell that would be taken for a formula begins with an apostrophe. */
function csv({ columns, rows }: QueryResult): string {
  return [columns, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

function csvCell(value: unknown): string {
  const plain = text(value);
  const inert = typeof value !== 'number' && /^[\s]*[=+\-@]|^[\t\r\n]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]|^\s|\s$/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

function table({ columns, rows }: QueryResult): string {
  const lines = [columns, ...rows].map((row) => row.map((value) => printable(text(value))));
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const drawn = lines.map((line) =>
    line
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const count = `${rows.length} row${rows.length === 1 ? '' : 's'}`;
  return `${[drawn[0] ?? '', rule, ...drawn.slice(1), count].join('\n')}\n`;
}

function text(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

/** What a terminal would obey instead of showing it. */
function printable(cell: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return cell.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '·');
}
