import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { FileStorage } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import type { GcsServer } from '@filedepot/testing/gcs-server'
import { backendOn, startService } from './support/gcs-service.ts'
import { putObject } from './support/objects.ts'

const HELLO = Buffer.from('hello, world')

let server: GcsServer
beforeAll(async () => {
  server = await startService()
})
afterAll(() => server.close())

async function listed(prefix: string, after?: string): Promise<string[]> {
  const ids: string[] = []
  for await (const id of backendOn(server.url, { prefix }).list({ after })) ids.push(id)
  return ids
}

describe('the list', () => {
  it('passes over what is no file of its own', async () => {
    const [id, other] = [newFileId(), newFileId()]
    for (const name of [
      `mine/${id}`,
      'mine/readme.txt',
      `mine/${other.toUpperCase()}`,
      `mine/${other}.json`,
      `mine/thumbs/${other}`,
      `mine${other}`,
      `other/${other}`,
      other,
    ]) {
      await putObject(server, name, HELLO)
    }

    expect(await listed('mine/')).toEqual([id])
    expect(await listed('')).toEqual([other])
    expect(await listed('mine')).toEqual([other])
  })

  it('asks for no more than comes after an id, a thousand at a time', async () => {
    const ids = Array.from({ length: 1_005 }, () => newFileId())
    for (let start = 0; start < ids.length; start += 50) {
      await Promise.all(ids.slice(start, start + 50).map((id) => putObject(server, `many/${id}`, HELLO)))
    }
    const requests = () => server.requests['objects.list'] ?? 0

    const before = requests()
    expect(await listed('many/')).toEqual(ids)
    expect(requests() - before).toBe(2)
    expect(await listed('many/', ids[1_000])).toEqual(ids.slice(1_001))
    expect(requests() - before).toBe(3)
    // And for nothing of what lies deeper, however much that is.
    expect(await listed('', 'f')).toEqual([])
    expect(requests() - before).toBe(4)
  })

  it('keeps the files of two prefixes of a bucket apart', async () => {
    const [a, b] = ['a/', 'b/'].map((prefix) => new FileStorage(prefix, backendOn(server.url, { prefix })))
    const id = await a!.create(HELLO)

    expect([await a!.exists(id), await b!.exists(id)]).toEqual([true, false])
    await b!.delete(id)
    expect(await a!.exists(id)).toBe(true)
  })
})
