/** A DuckDB child as the engine starts one: the native addon and a load through the FIFO, behind all walls. */
import { DuckDBInstance } from '@duckdb/node-api';

const instance = await DuckDBInstance.create(':memory:', { temp_directory: '', threads: '2' });
const connection = await instance.connect();
const pipe = (process.argv[2] ?? '').replaceAll("'", "''");
await connection.run(
  `CREATE TABLE loaded AS FROM read_csv('${pipe}', header = false, parallel = false, auto_detect = false,
     columns = { 'n': 'BIGINT', 'padding': 'VARCHAR' })`,
);
const result = await connection.runAndReadAll("SELECT count(*) || '/' || sum(n) FROM loaded");
process.stdout.write(`${String(result.getRows()[0]?.[0])}\n`);
