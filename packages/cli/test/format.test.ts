import { describe, expect, it } from '@jest/globals'
import { keyText, parseCount, parseDuration } from '../src/format.ts'

describe('parseDuration', () => {
  it.each([
    ['24h', 86_400_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['30 min', 1_800_000],
    ['0', 0],
  ])('reads %s', (text, expected) => {
    expect(parseDuration(text)).toBe(expected)
  })

  it.each(['24', 'soon', '', '-1h', '1 fortnight'])('refuses "%s"', (text) => {
    expect(() => parseDuration(text)).toThrow('Expected a time such as 24h, 30m or 7d.')
  })
})

it.each(['0', '-1', '1.5', 'x', '1e99'])('parseCount refuses "%s"', (text) => {
  expect(() => parseCount(text)).toThrow('Expected a whole number from 1 up.')
})

it('keyText names all columns of a key', () => {
  expect(keyText({ tenant: 'a', id: 7n })).toBe('tenant "a", id 7')
})
