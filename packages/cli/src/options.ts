import { Option } from 'commander'
import { parseCount, parseDuration } from './format.ts'

/** Options that several commands have. Their errors are those of the command line. */
export const grace = (what: string): Option =>
  new Option('--grace <time>', `${what}, such as 24h or 7d (default: 24h)`).argParser(parseDuration)

export const storages = (): Option => new Option('--storage <name...>', 'only these storages (default: all)')

export const all = (): Option =>
  new Option('--all', 'names everything that is found, not twenty of each kind')

export const limit = (what: string): Option => new Option('--limit <number>', what).argParser(parseCount)
