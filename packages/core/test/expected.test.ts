import { describe as suite, expect, it } from '@jest/globals'
import { checkWholeNumber, describe, expected } from '../src/expected.ts'
import { thrown } from './support/failure.ts'

class Person {
  readonly secret = 'not in a message'
}

suite('describe', () => {
  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['abc', '"abc" (string)'],
    ['x'.repeat(100), `"${'x'.repeat(60)}…" (string)`],
    [5, '5 (number)'],
    [5n, '5n (bigint)'],
    [true, 'true (boolean)'],
    [Symbol('s'), 'Symbol(s) (symbol)'],
    [{ secret: 1 }, 'an object of Object'],
    [[1, 2], 'an object of Array'],
    [new Person(), 'an object of Person'],
    [Object.create(null), 'an object without a class'],
    [{ constructor: undefined }, 'an object without a class'],
  ])('says what %p is', (value, description) => {
    expect(describe(value)).toBe(description)
  })

  it('says what a function is in few words', () => {
    expect(describe(() => 'a long body that has no place in a message').length).toBeLessThan(40)
  })
})

suite('expected', () => {
  it('has one form for all bad arguments', () => {
    expect(expected('folder', 'the path of a folder', 5)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Expected folder to be the path of a folder, got 5 (number)',
    })
  })
})

suite('checkWholeNumber', () => {
  it.each([undefined, 0, 1, Number.MAX_SAFE_INTEGER, Infinity])('takes %p', (value) => {
    expect(() => {
      checkWholeNumber('maxSize', value, 0)
    }).not.toThrow()
  })

  it.each([-1, 0.5, NaN, -Infinity, 2 ** 53, '5', null, {}])('refuses %p', (value) => {
    const error = thrown(() => {
      checkWholeNumber('maxSize', value, 0)
    })

    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toMatch(/^Expected maxSize to be a whole number from 0 up, got /)
  })
})
