/** Real Parquet files: DuckDB writes them. */
import duckdb from '@duckdb/node-api';

const instance = await duckdb.DuckDBInstance.create();
const connection = await instance.connect();

/** Writes the result of a query as Parquet with the given options of DuckDB's COPY. */
export async function writeParquet(path: string, query: string, options = ''): Promise<void> {
  await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet${options === '' ? '' : `, ${options}`})`);
}
