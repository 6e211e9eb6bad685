/**
 * The process that runs DuckDB, a child of the enclave inside the same sandbox: killable, limited, and gone with all it
 * held when it ends. It takes orders over descriptor 3 and answers each with a value or the bare word that it failed –
 * DuckDB's messages carry values and never leave this process.
 */
import { Socket } from 'node:net';
import { DuckDBInstance, StatementType } from '@duckdb/node-api';
import { encodeFrame, FrameReader } from '@reinraum/protocol';
import { checkPlan, checkStatement } from '../query/guard.ts';
import { instanceOptions, lockdown } from '../query/sql.ts';
import type { Order } from './duckdb.ts';

const door = new Socket({ fd: 3, readable: true, writable: true });
const instance = await DuckDBInstance.create(':memory:', instanceOptions);
const connection = await instance.connect();

async function rows(text: string): Promise<readonly (readonly unknown[])[]> {
  return (await connection.runAndReadAll(text)).getRows();
}

async function serialised(name: 'sql' | 'plan', text: string): Promise<unknown> {
  const [row] = await rows(`SELECT json_serialize_${name}('${text.replaceAll("'", "''")}')`);
  return JSON.parse(String(row?.[0]));
}

/** Runs one aggregate after the guard has seen DuckDB's own reading of it. Every value becomes a decimal text. */
async function aggregate({ text, binds, datasets, links }: Extract<Order, { order: 'aggregate' }>): Promise<unknown> {
  checkStatement(await serialised('sql', text), links);
  // A plan cannot be serialised with open parameters; the values are integers, and only the scanned tables matter here.
  checkPlan(
    await serialised(
      'plan',
      text.replaceAll(/\$(\d+)/g, (_, n) => String(binds[Number(n) - 1])),
    ),
    datasets,
  );
  const statements = await connection.extractStatements(text);
  if (statements.count !== 1) throw new Error('engine: more than one statement');
  const prepared = await statements.prepare(0);
  if (prepared.statementType !== StatementType.SELECT) throw new Error('engine: not a SELECT');
  prepared.bind([...binds]);
  const result = await prepared.runAndReadAll();
  // The sum of no values is NULL in SQL, and 0 here.
  return result.getRows().map((row) => row.map((value) => String(value ?? 0)));
}

async function obey(order: Order): Promise<unknown> {
  switch (order.order) {
    case 'run':
      for (const text of order.texts) await connection.run(text);
      return null;
    case 'numbers':
      return (await rows(order.text)).map((row) => Number(row[0]));
    case 'lock':
      for (const text of lockdown) await connection.run(text);
      return null;
    case 'aggregate':
      return aggregate(order);
    default:
      throw new Error('engine: unknown order');
  }
}

const reader = new FrameReader();
let turn: Promise<void> = Promise.resolve();
door.on('data', (piece: Buffer) => {
  for (const { head } of reader.push(piece)) turn = answer(turn, head as Order);
});
door.on('end', () => process.exit(0));
door.write(encodeFrame({ ok: true, value: 'ready' }));

/** Orders are obeyed one after another, in the order they came. */
async function answer(before: Promise<void>, order: Order): Promise<void> {
  await before;
  try {
    door.write(encodeFrame({ ok: true, value: await obey(order) }));
  } catch {
    door.write(encodeFrame({ ok: false }));
  }
}
