/** What to do next, by the code of an error. The message itself says what has happened. */
const ADVICE: Readonly<Record<string, string>> = {
  LEDGER_INCOMPLETE: 'Run "filedepot triggers" to see what is missing, and "filedepot triggers --install".',
  LEDGER_NOT_OWNER: 'Read docs/recovery.md, "LEDGER_NOT_OWNER", before you run "filedepot own".',
  GARBAGE_LIMIT:
    'Run "filedepot gc --all" and look at some of these files. If they are garbage, add --force.',
  STORAGE_UNAVAILABLE:
    'Mount the disk, or correct the path in the configuration. "filedepot doctor" looks at all storages.',
  LEDGER_DENIED:
    'Run "filedepot triggers --sql" and have the statements run by a user who may create triggers.',
  COPY_INCOMPLETE: 'Run the same command again: it copies what is missing.',
  MOVE_INCOMPLETE: 'Run the same command again: it moves what is left.',
  INVALID_VALUE: 'Run "filedepot verify": it names the rows.',
}

export function adviceFor(code: unknown): string | undefined {
  return typeof code === 'string' && Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined
}
