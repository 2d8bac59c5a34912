import { existsSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, type Json, StatementType } from '@duckdb/node-api';
import { athenaFunctions, duckDbType, eventColumns, partitionColumns } from '../../lib/audit-questions';
import type { Bound } from './query-parameters';
import type { QueryResult } from './query-result';

const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/**
 * Asks the segments of a folder: a download of the archive, or a copy of it for a moment. The table `events` has the columns
 * and the partitions that it has in Athena. The text comes from a person and may be pasted from anywhere: it reads that
 * folder and nothing else, writes nothing, and calls nobody.
 * @param folder holds `v1/segments/`
 * @param only names of the segments that are asked, such as `v1/segments/dt=…/hr=…/….ndjson.gz`; absent: all that are there
 * @throws Error of the database for SQL that it does not take
 */
export async function queryFolder(
  folder: string,
  sql: string,
  values: readonly Bound[] = [],
  only?: ReadonlySet<string>,
): Promise<QueryResult> {
  const segments = join(resolve(folder), 'v1', 'segments');
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  });
  const connection = await instance.connect();
  try {
    await prepare(connection, resolve(folder), segments, only);
    const statements = await connection.extractStatements(sql);
    if (statements.count !== 1) throw new Error('one statement at a time');
    const statement = await statements.prepare(0);
    if (statement.statementType !== StatementType.SELECT) throw new Error('the audit log is only read: SELECT …');
    if (values.length > 0) statement.bind([...values]);
    const reader = await statement.runAndReadAll();
    return { columns: reader.columnNames(), rows: reader.getRowsJson().map((row) => row.map(safeNumber(reader))) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** A BIGINT arrives as text, because it could be more than a number holds; a count never is. */
function safeNumber(reader: { columnTypes(): readonly { readonly typeId: number }[] }) {
  const whole = reader.columnTypes().map((type) => /^(BIGINT|INTEGER|HUGEINT)$/.test(String(type)));
  return (value: Json, index: number): Json =>
    whole[index] && typeof value === 'string' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

async function prepare(
  connection: DuckDBConnection,
  folder: string,
  segments: string,
  only: ReadonlySet<string> | undefined,
): Promise<void> {
  const columns = Object.entries(eventColumns).map(([name, hive]) => [name, duckDbType(hive)] as const);
  const partitions = partitionColumns.map((name) => [name, 'VARCHAR'] as const);
  const shape = [...columns, ...partitions];
  const there = existsSync(segments) ? await filesIn(connection, segments) : [];
  const files = only ? there.filter((file) => only.has(relative(folder, file).replaceAll(sep, '/'))) : there;
  await connection.run(
    files.length > 0
      ? `CREATE VIEW events AS SELECT * FROM read_json([${files.map(quoted).join(', ')}], format = 'newline_delimited',
          compression = 'gzip', maximum_object_size = 16777216, hive_partitioning = true,
          hive_types = {${partitions.map(([name, type]) => `${name}: ${type}`).join(', ')}},
          columns = {${shape.map(([name, type]) => `"${name}": ${quoted(type)}`).join(', ')}})`
      : `CREATE TABLE events (${shape.map(([name, type]) => `"${name}" ${type}`).join(', ')})`,
  );
  for (const definition of athenaFunctions) await connection.run(definition);
  await connection.run(`SET allowed_directories = [${quoted(segments)}]`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
}

async function filesIn(connection: DuckDBConnection, segments: string): Promise<readonly string[]> {
  const found = await connection.runAndReadAll(`SELECT file FROM glob(${quoted(`${segments}/**/*.ndjson.gz`)})`);
  return found.getRowsJson().map(([file]) => String(file));
}
