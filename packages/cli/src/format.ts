import type { LedgerColumn } from '@filedepot/ledger'
import { InvalidArgumentError } from 'commander'
import ms, { type StringValue } from 'ms'
import prettyBytes from 'pretty-bytes'

/** `1234567` as `1,234,567`. */
export function number(value: number): string {
  return value.toLocaleString('en-US')
}

/** `1 file`, `2 files`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`
}

/** `1536` as `1.54 kB`. */
export function bytes(value: number): string {
  return prettyBytes(value)
}

/** Milliseconds as the largest whole unit: `2h`, `35m`, `12s`. */
export function duration(milliseconds: number): string {
  return ms(Math.max(0, Math.round(milliseconds)))
}

/**
 * `24h`, `7d`, `30m`, `90s` in milliseconds. A number needs its unit.
 *
 * @throws InvalidArgumentError
 */
export function parseDuration(text: string): number {
  const value = /^\d+(\.\d+)?\s*[a-z]+$/i.test(text) || text === '0' ? ms(text as StringValue) : undefined
  if (value !== undefined && Number.isFinite(value)) return Math.round(value)
  throw new InvalidArgumentError(`Expected a time such as 24h, 30m or 7d.`)
}

/** @throws InvalidArgumentError */
export function parseCount(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError(`Expected a whole number from 1 up.`)
}

/** A key of a row as text: `id 7`, `tenant "a", id 7`. */
export function keyText(key: Readonly<Record<string, unknown>>): string {
  return Object.entries(key)
    .map(([name, value]) => `${name} ${typeof value === 'bigint' ? String(value) : JSON.stringify(value)}`)
    .join(', ')
}

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
}

/**
 * `500kB`, `10 MB`, `1.5MiB` in bytes.
 *
 * @throws InvalidArgumentError
 */
export function parseBytes(text: string): number {
  const [, value, unit = 'b'] = /^(\d+(?:\.\d+)?)\s*([kmg]?i?b)?$/i.exec(text) ?? []
  const bytes = Math.round(Number(value) * (UNITS[unit.toLowerCase()] ?? NaN))
  if (bytes > 0) return bytes
  throw new InvalidArgumentError('Expected a number of bytes such as 500kB or 10MB.')
}

/**
 * `photos.image`, or `public.photos.image` with a schema.
 *
 * @throws InvalidArgumentError
 */
export function parseColumn(text: string): LedgerColumn {
  const [column, table, schema, ...others] = text.split('.').reverse()
  if (!column || !table || schema === '' || others.length > 0)
    throw new InvalidArgumentError('Expected a column such as photos.image.')
  return { table, column, ...(schema !== undefined && { schema }) }
}
