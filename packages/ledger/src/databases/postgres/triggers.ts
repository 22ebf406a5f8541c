import type { LedgerSession } from '../../clients/ledger-client.ts'
import { byTable, type LedgerColumn } from '../../ledger-column.ts'
import type { FoundTrigger, Trigger, TriggerChanges } from '../database.ts'
import { hashOf, markerIn, markerOf } from '../marker.ts'
import { deltasOf, nameOf, readTable, type FollowedColumn, type FollowedTable } from './followed-table.ts'
import { literal, quote, type PostgresNames } from './names.ts'

/** How long an installation waits for others to let go of a table; those that come meanwhile wait behind it. */
const LOCK_TIMEOUT = '10s'

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
  const triggers: Trigger[] = []
  for (const wanted of byTable(columns)) {
    const table = await readTable(session, wanted)
    triggers.push(...parts(names, table).map((part) => triggerOf(names, table, part)))
  }
  return triggers
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
  // The application needs no rights on the ledger, and no operator of its own is called.
  const create = [
    `CREATE OR REPLACE FUNCTION ${run}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN
      INSERT INTO ${names.files} AS f (path, refs)
      SELECT p, sum(d)::int FROM (${deltas}) x GROUP BY p HAVING sum(d) <> 0 ORDER BY p
      ON CONFLICT (path) DO UPDATE SET refs = f.refs + excluded.refs,
        discarded_at = CASE WHEN f.gone THEN f.discarded_at WHEN f.refs + excluded.refs = 0 THEN now() END;
      RETURN NULL; END $$`,
    `CREATE OR REPLACE TRIGGER ${name} ${event} ON ${nameOf(table)} ${each} EXECUTE FUNCTION ${run}()`,
  ]
  const marker = markerOf(create)
  const comment = `COMMENT ON TRIGGER ${name} ON ${nameOf(table)} IS ${literal(marker)}`
  const enable = `ALTER TABLE ${nameOf(table)} ENABLE TRIGGER ${name}`
  // With a table and such a trigger of his own, anybody could count files down. Who makes a partition needs the right.
  const revoke = table.isPartitioned ? [] : [`REVOKE ALL ON FUNCTION ${run}() FROM PUBLIC`]
  const statements = [...create, ...revoke, comment, enable]
  return { name, table: `${table.schema}.${table.table}`, marker, create: statements }
}

/** Those of partitions belong to the one of their table. */
const FOUND = `SELECT t.tgname AS name, n.nspname AS schema, c.relname AS table, t.tgenabled IN ('O', 'A') AS enabled,
    obj_description(t.oid, 'pg_trigger') AS comment, p.oid::regprocedure::text AS run
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace
  WHERE t.tgname IN ('filedepot_i', 'filedepot_d', 'filedepot_u', 'filedepot_t') AND NOT t.tgisinternal AND t.tgparentid = 0
    AND f.nspname = $1 ORDER BY 2, 3, 1`

export async function foundTriggers(
  { schema }: PostgresNames,
  session: LedgerSession,
): Promise<FoundTrigger[]> {
  const rows = await session.query(FOUND, [schema])
  return rows.map((row) => {
    const [name, within, table] = [String(row.name), String(row.schema), String(row.table)]
    return {
      name,
      table: `${within}.${table}`,
      marker: markerIn(row.comment),
      isEnabled: row.enabled === true,
      drop: [
        `DROP TRIGGER IF EXISTS ${quote(name)} ON ${quote(within)}.${quote(table)}`,
        `DROP FUNCTION IF EXISTS ${String(row.run)}`,
      ],
    }
  })
}

/** `CREATE TRIGGER` waits for the writers of its table, so that none is left that goes uncounted. */
export async function changeTriggers(
  session: LedgerSession,
  { create, drop }: TriggerChanges,
): Promise<void> {
  await session.query('BEGIN')
  await session.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`)
  for (const { drop: statements } of drop) for (const statement of statements) await session.query(statement)
  for (const trigger of create) {
    for (const statement of trigger.create) await session.query(statement)
  }
  await session.query('COMMIT')
}
