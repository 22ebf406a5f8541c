import type { LedgerSession } from '../../clients/ledger-client.ts'

export async function warnings(session: LedgerSession): Promise<string[]> {
  const rows = await session.query(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('innodb_flush_log_at_trx_commit', 'wsrep_on')",
  )
  const settings = new Map(rows.map((row) => [String(row.Variable_name), String(row.Value)]))
  const flush = settings.get('innodb_flush_log_at_trx_commit') ?? '1'
  return [
    ...(flush === '1'
      ? []
      : [
          `innodb_flush_log_at_trx_commit is ${flush}: a crash of the server may bring back rows whose files were deleted. Set it to 1, or set a { retention } of some seconds`,
        ]),
    ...(settings.get('wsrep_on') === 'ON'
      ? [
          'wsrep_on is ON: on Galera, the lock of an installation is that of one node. Run install() and gc() on one node at a time',
        ]
      : []),
  ]
}
