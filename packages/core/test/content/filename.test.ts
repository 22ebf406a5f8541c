import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { cleanFilename } from '../../src/content/filename.ts'

describe('cleanFilename', () => {
  it.each([
    ['report.pdf', 'report.pdf'],
    ['些公.pdf', '些公.pdf'],
    ['my photo (1).png', 'my photo (1).png'],
    ['  spaced.txt ', 'spaced.txt'],
    ['.htaccess', '.htaccess'],
    ['../../etc/passwd', 'passwd'],
    ['/etc/passwd', 'passwd'],
    ['folder/', 'folder'],
    ['C:\\photos\\me.png', 'me.png'],
    ['..\\..\\boot.ini', 'boot.ini'],
    ['a\r\nSet-Cookie: b.txt', 'aSet-Cookie: b.txt'],
    ['a\0b\u0085c\u007f.txt', 'abc.txt'],
    ['invoice\u202efdp.exe', 'invoicefdp.exe'],
    ['a"b;c.txt', 'a"b;c.txt'],
  ])('makes of %j the name %j', (name, clean) => {
    expect(cleanFilename(name)).toBe(clean)
  })

  it.each([undefined, '', ' ', '.', '..', '/', '\\', '../', '..\\..', ' .. ', '\n', '\u202e'])(
    'calls %j unnamed',
    (name) => {
      expect(cleanFilename(name)).toBe('unnamed')
    },
  )

  it('shortens a long name and keeps its extension', () => {
    const clean = cleanFilename(`${'n'.repeat(400)}.docx`)

    expect(clean).toBe(`${'n'.repeat(250)}.docx`)
  })

  it('cuts what looks like an extension but is long', () => {
    const clean = cleanFilename(`a.${'n'.repeat(400)}`)

    expect(clean).toBe(`a.${'n'.repeat(253)}`)
  })

  it('never cuts through a character', () => {
    for (let padding = 0; padding < 4; padding++) {
      const clean = cleanFilename(`${'n'.repeat(padding)}${'😀'.repeat(100)}.png`)

      expect(clean).toMatch(/^n*(😀)+\.png$/u)
      expect(Buffer.byteLength(clean)).toBeGreaterThan(255 - 4)
    }
  })

  it('leaves no space where it cuts', () => {
    const clean = cleanFilename(`${'n'.repeat(254)} and more words without an end`)

    expect(clean).toBe('n'.repeat(254))
  })

  it('makes a name that is safe and stays as it is, whatever it is given', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 600 }),
      fc.string({
        unit: fc.constantFrom('a', ' ', '.', '/', '\\', '\ud83d', '😀', '\ufffd', '\0', 'é'),
        maxLength: 600,
      }),
      // Around the limit, where a cut leaves something new at the end.
      fc
        .tuple(
          fc.integer({ min: 240, max: 256 }),
          fc.string({ unit: fc.constantFrom(' ', '.', 'é', 'a'), maxLength: 40 }),
        )
        .map(([length, end]) => 'n'.repeat(length) + end),
    )

    fc.assert(
      fc.property(anything, (name) => {
        const clean = cleanFilename(name)

        expect(clean).not.toBe('')
        expect(Buffer.byteLength(clean)).toBeLessThanOrEqual(255)
        expect(clean).not.toMatch(/[\p{Cc}/\\]/u)
        expect(['.', '..']).not.toContain(clean)
        expect(cleanFilename(clean)).toBe(clean)
      }),
      { numRuns: 2000 },
    )
  })
})
