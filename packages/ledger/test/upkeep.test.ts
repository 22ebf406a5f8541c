import { DepotManager, MemoryBackend, UploadedFile } from '@filedepot/core'
import { Ledger, Upkeep } from '@filedepot/ledger'
import { ChaosBackend } from '@filedepot/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { documents, type DocumentsDatabase } from './support/documents.ts'

let database: DocumentsDatabase
let depot: DepotManager
let chaos: ChaosBackend
let ledger: Ledger
let isOpen: boolean
let upkeep: Upkeep

beforeEach(async () => {
  database = await documents()
  depot = new DepotManager()
  chaos = new ChaosBackend(new MemoryBackend())
  depot.configure('default', chaos)
  ledger = new Ledger(depot, database.client, { columns: database.columns })
  await ledger.install()
  isOpen = true
  upkeep = new Upkeep({ depot, ledger: () => (isOpen ? ledger : undefined), retention: 0 })
})

afterEach(async () => {
  await database.close()
})

async function upload(): Promise<UploadedFile> {
  return await depot.upload(UploadedFile.from(Buffer.from('a')))
}

async function stored(): Promise<string[]> {
  const paths: string[] = []
  for await (const id of depot.get().list()) paths.push(depot.get().path(id))
  return paths.sort()
}

describe('Upkeep', () => {
  it('drains by itself, soon', async () => {
    const file = await upload()
    await database.insert('a', JSON.stringify(file))
    await database.run('DELETE FROM documents')

    const deleted = once(depot, 'deleted')
    upkeep.discarded()

    expect(await deleted).toEqual([{ paths: file.files }])
    expect(await stored()).toEqual([])
    await depot.close()
  })

  it('makes one drain of many hints', async () => {
    let drains = 0
    const counted = Object.assign(Object.create(ledger) as Ledger, {
      drain: () => {
        drains++
        return ledger.drain()
      },
    })
    const one = new Upkeep({ depot, ledger: () => counted, retention: 0 })
    for (let index = 0; index < 100; index++) one.discarded()

    await depot.close()

    expect(drains).toBe(1)
  })

  it('asks about the uploads of writes that are over when the depot closes', async () => {
    const [held, lost] = [await upload(), await upload()]
    await database.insert('a', JSON.stringify(held))
    upkeep.committed(held.files)
    upkeep.committed(lost.files)

    await depot.close()

    expect(await stored()).toEqual([held.path])
  })

  it('asks soon about those that most likely no row has', async () => {
    const file = await upload()

    const deleted = once(depot, 'deleted')
    upkeep.ended(file.files)

    expect(await deleted).toEqual([{ paths: file.files }])
    await depot.close()
  })

  it('tells of what fails, and tries it again', async () => {
    const file = await upload()
    await ledger.remove()

    const failed = once(depot, 'ledgerFailed')
    upkeep.ended(file.files)

    expect(await failed).toEqual([
      { error: expect.objectContaining({ message: expect.any(String) as unknown }) as unknown },
    ])
    expect(await stored()).toEqual([file.path])
    await ledger.install()
    await depot.close()
    expect(await stored()).toEqual([])
  })

  it('does nothing while there is no ledger, and says nothing', async () => {
    const told: unknown[] = []
    depot.on('ledgerFailed', (event) => told.push(event))
    const file = await upload()
    isOpen = false
    upkeep.ended(file.files)

    await depot.close()

    expect(told).toEqual([])
    expect(await stored()).toEqual([file.path])
  })

  it('drains again for transactions whose end nobody says', async () => {
    let drains = 0
    const counted = Object.assign(Object.create(ledger) as Ledger, {
      drain: () => {
        drains++
        return ledger.drain()
      },
    })
    const silent = new Upkeep({ depot, ledger: () => counted, retention: 0, hearsEnds: false })
    const file = await upload()
    await database.insert('a', JSON.stringify(file))
    silent.discarded()
    await silent.finish()
    await database.run('DELETE FROM documents')

    await depot.close()

    expect(drains).toBe(2)
    expect(await stored()).toEqual([])
  })

  it('drains nothing by itself if it is not to, and still asks about uploads', async () => {
    const cautious = new Upkeep({ depot, ledger: () => ledger, retention: 0, drains: false })
    const [given, lost] = [await upload(), await upload()]
    await database.insert('a', JSON.stringify(given))
    await database.run('DELETE FROM documents')
    cautious.discarded()
    cautious.ended(lost.files)

    await cautious.finish()

    expect(await stored()).toEqual([given.path])
    await depot.close()
  })

  it('works again after it was finished, as a client may be connected again', async () => {
    const [one, other] = [await upload(), await upload()]
    upkeep.ended(one.files)
    await upkeep.finish()
    expect(await stored()).toEqual([other.path])

    const deleted = once(depot, 'deleted')
    upkeep.ended(other.files)

    expect(await deleted).toEqual([{ paths: other.files }])
    await depot.close()
  })
})
