import { PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, it } from '@jest/globals'
import { FileStorage } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import { randomUUID } from 'node:crypto'
import { backendOn, clientOf, keysIn, removeBucket } from './support/buckets.ts'
import { bytesOf, listOf } from './support/samples.ts'
import { describeOnServers } from './support/servers.ts'

const PREFIX = 'uploads/'

describeOnServers('the list of files', (server) => {
  it('leaves out what is no file of ours, under the prefix or beside it', async () => {
    const backend = await backendOn(server, { prefix: PREFIX })
    const files = new FileStorage('docs', backend)
    const ids = [await files.create(bytesOf(1)), await files.create(bytesOf(2))]
    const foreign = [
      newFileId(),
      `other/${newFileId()}`,
      `${PREFIX}README.md`,
      `${PREFIX}thumbnails/${newFileId()}`,
      `${PREFIX}${newFileId()}.png`,
      `${PREFIX}${newFileId().toUpperCase()}`,
      `${PREFIX}with space + plus 100% ünï`,
      PREFIX,
    ]
    const client = clientOf(server)
    for (const Key of foreign) {
      await client.send(new PutObjectCommand({ Bucket: backend.bucket, Key, Body: bytesOf(3) }))
    }
    client.destroy()

    expect(await listOf(files.list())).toEqual(ids)
    await files.deleteMany(ids)

    expect((await keysIn(server, backend.bucket)).sort()).toEqual(foreign.sort())
    await removeBucket(server, backend.bucket)
  })

  it('goes on over more pages than one, after an id too, past pages without a file', async () => {
    const backend = await backendOn(server, { prefix: PREFIX })
    const files = new FileStorage('docs', backend)
    const client = clientOf(server)
    // More than a page of objects of others, which sort before every file.
    for (let start = 0; start < 1_008; start += 24) {
      await Promise.all(
        Array.from({ length: 24 }, (_, n) =>
          client.send(
            new PutObjectCommand({ Bucket: backend.bucket, Key: `${PREFIX}!${start + n}`, Body: bytesOf(1) }),
          ),
        ),
      )
    }
    client.destroy()
    const ids = [await files.create(bytesOf(1)), await files.create(bytesOf(2))]

    expect(await listOf(files.list())).toEqual(ids)
    expect(await listOf(files.list({ after: ids[0]! }))).toEqual(ids.slice(1))
    expect(await listOf(files.list({ after: randomUUID().replace(/^./, 'f') }))).toEqual([])
    await removeBucket(server, backend.bucket)
  }, 120_000)
})
