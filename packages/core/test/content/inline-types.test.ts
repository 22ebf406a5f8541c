import { describe, expect, it } from '@jest/globals'
import { dispositionOf, isActiveType, mediaTypeOf } from '../../src/content/inline-types.ts'

describe('dispositionOf', () => {
  it.each([
    ['image/png', 'inline'],
    ['IMAGE/PNG', 'inline'],
    ['text/plain; charset=utf-8', 'inline'],
    ['audio/mpeg', 'inline'],
    ['text/html', 'attachment'],
    ['image/svg+xml', 'attachment'],
    ['application/pdf', 'attachment'],
    ['text/html, image/png', 'attachment'],
    ['text/html\r\nX: y', 'attachment'],
    ['', 'attachment'],
  ])('shows %j as %s', (type, expected) => {
    expect(dispositionOf(type)).toBe(expected)
  })

  it('shows what the caller names, and nothing else', () => {
    expect(dispositionOf('application/pdf', ['Application/PDF'])).toBe('inline')
    expect(dispositionOf('image/png', [])).toBe('attachment')
  })
})

describe('isActiveType', () => {
  it.each([
    'text/html',
    'image/svg+xml',
    'application/xhtml+xml',
    'Text/XML; charset=utf-8',
    'text/javascript',
  ])('says that a browser runs %s', (type) => {
    expect(isActiveType(type)).toBe(true)
  })

  it.each(['text/plain', 'image/png', 'application/json', 'application/pdf', 'text/csv'])(
    'says that a browser does not run %s',
    (type) => {
      expect(isActiveType(type)).toBe(false)
    },
  )
})

describe('mediaTypeOf', () => {
  it.each([
    ['Text/Plain; charset=utf-8', 'text/plain'],
    ['no type', 'application/octet-stream'],
  ])('reads %j as %s', (text, type) => {
    expect(mediaTypeOf(text)).toBe(type)
  })
})
