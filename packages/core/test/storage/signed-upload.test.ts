import { describe, expect, it } from '@jest/globals'
import type { SignedUpload, SignedUploadOptions } from '../../src/backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { failure } from '../support/failure.ts'
import { idsOf, memoryStorage } from '../support/storages.ts'

class SigningBackend extends MemoryBackend {
  signed: { id: string; options: SignedUploadOptions }[] = []

  signedUpload(id: string, options: SignedUploadOptions): Promise<SignedUpload> {
    options.signal?.throwIfAborted()
    this.signed.push({ id, options })
    const { method = 'PUT', contentType = '' } = options
    const url = `https://s3.example.com/${id}`
    return Promise.resolve({ method, url, headers: { 'content-type': contentType }, fields: {} })
  }
}

describe('FileStorage.signedUpload', () => {
  it('makes a new id, and hands on what the backend signed', async () => {
    const files = memoryStorage('docs', new SigningBackend())

    const upload = await files.signedUpload({ contentType: 'image/png' })

    expect(upload).toEqual({
      id: upload.id,
      path: `docs/${upload.id}`,
      method: 'PUT',
      url: `https://s3.example.com/${upload.id}`,
      headers: { 'content-type': 'image/png' },
      fields: {},
    })
    expect((await files.signedUpload()).id > upload.id).toBe(true)
    expect(await idsOf(files)).toEqual([])
  })

  it('cleans the filename that a client says', async () => {
    const backend = new SigningBackend()

    await memoryStorage('docs', backend).signedUpload({ filename: '../../me\n.png', size: 5 })

    expect(backend.signed[0]?.options).toEqual({ filename: 'me.png', size: 5 })
  })

  it('is not there where the backend cannot sign uploads', async () => {
    expect(await failure(memoryStorage('docs').signedUpload())).toMatchObject({
      code: 'NOT_SUPPORTED',
      message:
        'The storage "docs" cannot sign uploads. Receive the files with receiveFiles() of @filedepot/http',
    })
  })

  it.each<[SignedUploadOptions, string]>([
    [{ expiresIn: 0 }, 'Expected expiresIn to be a whole number from 1 up, got 0 (number)'],
    [{ size: -1 }, 'Expected size to be a whole number from 0 up, got -1 (number)'],
    [{ method: 'POST', maxSize: 1.5 }, 'Expected maxSize to be a whole number from 0 up, got 1.5 (number)'],
    [{ maxSize: 5 }, 'Expected maxSize to be given with the method "POST" only, got 5 (number)'],
    [{ method: 'GET' as 'PUT' }, 'Expected method to be "PUT" or "POST", got "GET" (string)'],
  ])('refuses %p', async (options, message) => {
    const files = memoryStorage('docs', new SigningBackend())

    expect(await failure(files.signedUpload(options))).toMatchObject({ code: 'INVALID_ARGUMENT', message })
  })

  it('stops when it is aborted', async () => {
    const files = memoryStorage('docs', new SigningBackend())

    const error = await failure(files.signedUpload({ signal: AbortSignal.abort() }))

    expect(error.code).toBe('ABORTED')
  })
})
