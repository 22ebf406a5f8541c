import { skip } from '@prisma/client/runtime/client'
import { UploadedFile } from '@filedepot/core'
import { describe, expect, it } from '@jest/globals'
import type { FileField } from '../src/fields/file-fields.ts'
import { readWritten } from '../src/fields/written-values.ts'

const FIELD = { name: 'avatar', type: UploadedFile, isList: false, upload: {} } as unknown as FileField

describe('the value that a write gives to a field', () => {
  it.each([
    ['undefined', undefined],
    ['Prisma.skip', skip],
  ])('%s leaves it as it is', (_, value) => {
    expect(readWritten(FIELD, { value, original: value })).toBeUndefined()
  })

  it('null empties it', () => {
    expect(readWritten(FIELD, { value: null, original: null })).toEqual([])
  })
})
