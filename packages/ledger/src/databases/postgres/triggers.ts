import type { LedgerSession } from '../../clients/ledger-client.ts'
import type { LedgerColumn } from '../../ledger-column.ts'
import type { Trigger } from '../database.ts'
import { hashOf, markerOf } from '../marker.ts'
import { deltasOf, nameOf, readTables, type FollowedColumn, type FollowedTable } from './followed-table.ts'
import { literal, quote, type PostgresNames } from './names.ts'
import { readingFunctions } from './tables.ts'

/** What one trigger does. */
interface Part {
  readonly suffix: 'i' | 'd' | 'u' | 't'
  /** When it fires, before the name of the table. */
  readonly event: string
  /** How, after it. */
  readonly each: string
  readonly deltas: string
}

export async function expectedTriggers(
  names: PostgresNames,
  session: LedgerSession,
  columns: readonly LedgerColumn[],
): Promise<Trigger[]> {
  const tables = await readTables(session, columns)
  return tables.flatMap((table) => parts(names, table).map((part) => triggerOf(names, table, part)))
}

function parts(names: PostgresNames, table: FollowedTable): Part[] {
  const added = deltasOf(names, table, { from: '', row: 'NEW', sign: 1 })
  const removed = deltasOf(names, table, { from: '', row: 'OLD', sign: -1 })
  const rows = table.isPartitioned ? nameOf(table) : `ONLY ${nameOf(table)}`
  const of = table.hasBeforeUpdate ? '' : ` OF ${table.columns.map(({ name }) => quote(name)).join(', ')}`
  const changed = table.columns.map(isChanged).join(' OR ')
  const eachRow = 'FOR EACH ROW'
  const insert = { suffix: 'i', event: 'AFTER INSERT' } as const
  const remove = { suffix: 'd', event: 'AFTER DELETE' } as const
  return [
    ...(table.needsRowTriggers
      ? [
          { ...insert, each: eachRow, deltas: added },
          { ...remove, each: eachRow, deltas: removed },
        ]
      : [
          {
            ...insert,
            each: 'REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT',
            deltas: deltasOf(names, table, { from: 'new_rows r', row: 'r', sign: 1 }),
          },
          {
            ...remove,
            each: 'REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT',
            deltas: deltasOf(names, table, { from: 'old_rows r', row: 'r', sign: -1 }),
          },
        ]),
    {
      suffix: 'u',
      event: `AFTER UPDATE${of}`,
      each: `${eachRow} WHEN (${changed})`,
      deltas: `${added} UNION ALL ${removed}`,
    },
    {
      suffix: 't',
      event: 'BEFORE TRUNCATE',
      each: 'FOR EACH STATEMENT',
      deltas: deltasOf(names, table, { from: `${rows} r`, row: 'r', sign: -1 }),
    },
  ]
}

/** How long a statement waits for another transaction that has changed the count of the same file. */
const LOCK_TIMEOUT = '10s'

/** `json` has no equality of its own. */
function isChanged({ name, type }: FollowedColumn): string {
  const cast = type === 'json' ? '::text' : ''
  return `OLD.${quote(name)}${cast} IS DISTINCT FROM NEW.${quote(name)}${cast}`
}

function triggerOf(
  names: PostgresNames,
  table: FollowedTable,
  { suffix, event, each, deltas }: Part,
): Trigger {
  const name = `filedepot_${suffix}`
  const within = quote(names.schema)
  const run = `${within}.filedepot_${hashOf(table.schema, table.table).slice(0, 12)}_${suffix}`
  // If a policy would hide rows of the table from its owner, TRUNCATE fails, and no count is too high.
  const security = suffix === 't' ? ' SET row_security = off' : ''
  // The application needs no rights on the ledger, and no operator of its own is called. If another transaction of the same
  // program refers to the file and waits for this statement, PostgreSQL sees no deadlock.
  const create = [
    `CREATE OR REPLACE FUNCTION ${run}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '${LOCK_TIMEOUT}'${security} AS $$ BEGIN
      INSERT INTO ${names.files} AS f (path, refs)
      SELECT p, sum(d)::int FROM (${deltas}) x GROUP BY p HAVING sum(d) <> 0 ORDER BY p
      ON CONFLICT (path) DO UPDATE SET refs = f.refs + excluded.refs,
        discarded_at = CASE WHEN f.gone THEN f.discarded_at WHEN f.refs + excluded.refs = 0 THEN clock_timestamp() END;
      RETURN NULL; END $$`,
    `CREATE OR REPLACE TRIGGER ${name} ${event} ON ${nameOf(table)} ${each} EXECUTE FUNCTION ${run}()`,
    // With a table and such a trigger of his own, anybody could count files down. The owner makes partitions.
    `REVOKE ALL ON FUNCTION ${run}() FROM PUBLIC`,
    ...(table.isPartitioned ? [`GRANT EXECUTE ON FUNCTION ${run}() TO ${quote(table.owner)}`] : []),
  ]
  const marker = markerOf([...create, ...readingFunctions(names)])
  const comment = `COMMENT ON TRIGGER ${name} ON ${nameOf(table)} IS ${literal(marker)}`
  const enable = `ALTER TABLE ${nameOf(table)} ENABLE TRIGGER ${name}`
  return {
    name,
    table: `${table.schema}.${table.table}`,
    on: nameOf(table),
    marker,
    create: [...create, comment, enable],
  }
}
