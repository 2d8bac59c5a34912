import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
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
 * @throws Error of the database for SQL that it does not take
 */
export async function queryFolder(folder: string, sql: string, values: readonly Bound[] = []): Promise<QueryResult> {
  const segments = join(resolve(folder), 'v1', 'segments');
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  });
  const connection = await instance.connect();
  try {
    await prepare(connection, segments);
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

async function prepare(connection: DuckDBConnection, segments: string): Promise<void> {
  const columns = Object.entries(eventColumns).map(([name, hive]) => [name, duckDbType(hive)] as const);
  const partitions = partitionColumns.map((name) => [name, 'VARCHAR'] as const);
  const shape = [...columns, ...partitions];
  const files = existsSync(segments) && (await count(connection, segments)) > 0;
  await connection.run(
    files
      ? `CREATE VIEW events AS SELECT * FROM read_json(${quoted(`${segments}/**/*.ndjson.gz`)}, format = 'newline_delimited',
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

async function count(connection: DuckDBConnection, segments: string): Promise<number> {
  const found = await connection.runAndReadAll(`SELECT count(*) FROM glob(${quoted(`${segments}/**/*.ndjson.gz`)})`);
  return Number(found.getRowsJson()[0]?.[0]);
}
