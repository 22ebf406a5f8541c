import { describe, expect, it } from '@jest/globals'
import { formatFilePath, parseFilePath } from '../src/file-path.ts'
import { thrown } from './support/failure.ts'

describe('a file path', () => {
  it('is written storage/id', () => {
    expect(formatFilePath({ storage: 'avatars', id: '1-2' })).toBe('avatars/1-2')
  })

  it('is split at its first slash, as in DEPOT', () => {
    expect(parseFilePath('avatars/1-2')).toEqual({ storage: 'avatars', id: '1-2' })
    expect(parseFilePath('avatars/1/2')).toEqual({ storage: 'avatars', id: '1/2' })
  })

  it.each(['', 'avatars', '/', '/1-2', 'avatars/', undefined, null, 5, ['a/b']])('refuses %p', (path) => {
    expect(thrown(() => parseFilePath(path as never))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('Expected a path to be "storage/id", got '),
    })
  })
})
