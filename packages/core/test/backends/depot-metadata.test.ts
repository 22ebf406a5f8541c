import { describe, expect, it } from '@jest/globals'
import { decodeFilename, parseDepotTime } from '../../src/backends/depot-metadata.ts'

describe('parseDepotTime', () => {
  it('reads a time of DEPOT as UTC', () => {
    expect(parseDepotTime('2024-02-29 09:30:00')).toEqual(new Date('2024-02-29T09:30:00Z'))
  })

  it.each([undefined, '', 'yesterday', '2024-02-29T09:30:00', '2024-13-01 00:00:00', 20240229])(
    'takes %p for no time',
    (value) => {
      expect(parseDepotTime(value)).toBeUndefined()
    },
  )
})

describe('decodeFilename', () => {
  it('decodes a name of any script', () => {
    expect(decodeFilename(encodeURIComponent('些公 100 %.pdf'))).toBe('些公 100 %.pdf')
  })

  it('leaves a name as it is that was not encoded', () => {
    expect(decodeFilename('100 %.pdf')).toBe('100 %.pdf')
  })
})
