import { equal, match } from 'node:assert/strict'
import type { BackendCase } from './backend-case.ts'
import { expectCode, expectSame, expectSameBytes } from './expectations.ts'
import { PNG } from './sample-content.ts'

/** URLs, if the backend makes any. */
export const urlCases: readonly BackendCase[] = [
  {
    name: 'gives an absolute public URL, or none',
    async run({ backend, storage }) {
      const file = await storage.get(await storage.create(PNG, { filename: 'me.png' }))

      const url = backend.publicUrl?.(file.id)

      expectSame(file.publicUrl, url, 'the public URL of the file')
      if (url !== undefined) match(new URL(url).href, /^https?:/, 'the public URL is not one of HTTP')
    },
  },
  {
    name: 'signs URLs by which anyone reads the file, or says that it cannot',
    async run({ backend, storage }) {
      const file = await storage.get(await storage.create(PNG, { filename: 'me.png' }))

      if (!backend.signedUrl) {
        await expectCode('NOT_SUPPORTED', file.signedUrl(), 'signing without the ability')
        return
      }
      const response = await fetch(await file.signedUrl({ expiresIn: 60 }))

      equal(response.status, 200, 'the status of the answer to a signed URL')
      equal(response.headers.get('content-type'), 'image/png', 'the type in the answer')
      expectSameBytes(Buffer.from(await response.arrayBuffer()), PNG, 'the answer to a signed URL')
    },
  },
  {
    name: 'signs URLs that make browsers save the file where that is asked for',
    async run({ backend, storage }) {
      if (!backend.signedUrl) return
      const file = await storage.get(await storage.create(PNG, { filename: 'me.png' }))

      const response = await fetch(await file.signedUrl({ disposition: 'attachment' }))

      match(response.headers.get('content-disposition') ?? '', /^attachment/, 'the disposition in the answer')
    },
  },
  {
    name: 'signs uploads by which anyone stores a file, or says that it cannot',
    async run({ backend, storage }) {
      const options = { filename: '些公.png', contentType: 'image/png', size: PNG.byteLength }

      if (!backend.signedUpload) {
        await expectCode('NOT_SUPPORTED', storage.signedUpload(options), 'signing without the ability')
        return
      }
      const { id, path, method, url, headers } = await storage.signedUpload(options)
      equal(await storage.exists(id), false, 'the file is there before it was uploaded')
      const { status } = await fetch(url, { method, headers, body: PNG })

      equal(Math.floor(status / 100), 2, `the status of the answer to a signed upload is ${status}`)
      const file = await storage.get(id)
      expectSame(
        [file.path, file.filename, file.contentType, file.size],
        [path, '些公.png', 'image/png', PNG.byteLength],
        'the uploaded file',
      )
      expectSameBytes(await file.bytes(), PNG, 'the uploaded file')
    },
  },
  {
    name: 'leaves it to the caller to copy a file from a service of another kind',
    async run({ backend, other }) {
      const id = await other.create(PNG, { filename: 'me.png' })

      equal(await backend.copy?.(other.backend, id), backend.copy && false, 'what copying resolves with')
    },
  },
]
