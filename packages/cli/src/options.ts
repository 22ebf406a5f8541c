import { Option } from 'commander'
import type { LedgerColumn } from '@filedepot/ledger'
import { parseBytes, parseColumn, parseCount, parseDuration } from './format.ts'

/** Options that several commands have. Their errors are those of the command line. */
export const grace = (what: string): Option =>
  new Option('--grace <time>', `${what}, such as 24h or 7d (default: 24h)`).argParser(parseDuration)

export const storages = (): Option => new Option('--storage <name...>', 'only these storages (default: all)')

export const all = (): Option =>
  new Option('--all', 'names everything that is found, not twenty of each kind')

export const limit = (what: string): Option => new Option('--limit <number>', what).argParser(parseCount)

export const concurrency = (): Option =>
  new Option('--concurrency <number>', 'how many at the same time (default: 8)').argParser(parseCount)

export const rate = (): Option =>
  new Option(
    '--rate <bytes>',
    'copies so many bytes in a second, such as 500kB or 10MB (default: no limit)',
  ).argParser(parseBytes)

/** `photos.image`, or `public.photos.image` with a schema. */
export const columns = (): Option =>
  new Option(
    '--column <table.column...>',
    'only these columns, as the database names them (default: all)',
  ).argParser((text: string, before?: readonly LedgerColumn[]) => [...(before ?? []), parseColumn(text)])
