import { describe, expect, it } from '@jest/globals'
import { AbortedError, FiledepotError, FileNotFoundError } from '../../src/errors.ts'
import { wrapError } from '../../src/storage-error.ts'

const PATH = 'default/01890a5d-ac96-774b-bcce-b302099a8057'

describe('wrapError', () => {
  it.each([
    ['write', 'WRITE_FAILED'],
    ['read', 'READ_FAILED'],
    ['delete', 'DELETE_FAILED'],
    ['list', 'READ_FAILED'],
  ] as const)('says which %s failed, and why', (operation, code) => {
    const cause = new Error('connection lost')

    const error = wrapError(operation, PATH, cause)

    expect(error).toMatchObject({ code, cause, message: `Cannot ${operation} "${PATH}": connection lost` })
  })

  it.each(['ENOSPC', 'EDQUOT'])('knows %s as a full storage', (code) => {
    const cause = Object.assign(new Error('no space left'), { code })

    expect(wrapError('write', PATH, cause)).toMatchObject({ code: 'STORAGE_FULL', cause })
  })

  it('knows an error after an abort as the abort', () => {
    const cause = new Error('socket closed')

    const error = wrapError('write', PATH, cause, AbortSignal.abort())

    expect(error).toBeInstanceOf(AbortedError)
    expect(error).toMatchObject({ code: 'ABORTED', cause, message: `The write of "${PATH}" was aborted` })
  })

  it('leaves an error of ours as it is', () => {
    const ours = new FiledepotError('CORRUPT_FILE', 'torn')

    expect(wrapError('read', PATH, ours, AbortSignal.abort())).toBe(ours)
  })

  it('adds the storage to a missing file', () => {
    const missing = new FileNotFoundError('01890a5d-ac96-774b-bcce-b302099a8057')

    const error = wrapError('read', PATH, missing)

    expect(error).toMatchObject({
      code: 'FILE_NOT_FOUND',
      path: PATH,
      message: `No file has the path "${PATH}"`,
      cause: missing,
    })
  })

  it.each([undefined, null, 'text', 5, {}])('makes an error of %p, too', (cause) => {
    expect(wrapError('write', PATH, cause)).toMatchObject({ code: 'WRITE_FAILED', cause })
  })
})
