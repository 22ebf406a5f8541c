import { deepEqual, ok } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { StorageBackend } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import type { BackendCase } from './backend-case.ts'
import { expectSame, idsOf, writeBytes } from './expectations.ts'
import { HELLO } from './sample-content.ts'

/** More than the 1,000 that services list at once. */
const MANY = 1_050

/** The list of all files, and of those after an id. */
export const listCases: readonly BackendCase[] = [
  {
    name: 'lists nothing where nothing is stored',
    async run({ backend }) {
      expectSame(await idsOf(backend), [], 'the list')
      expectSame(await idsOf(backend, { after: randomUUID() }), [], 'the list after an id')
    },
  },
  {
    name: 'lists ids in ascending order, in whatever order they came',
    async run({ backend }) {
      const ids = await filled(backend, 60)

      expectSame(await idsOf(backend), ids, 'the list')
    },
  },
  {
    name: 'lists only what comes after an id that it has',
    async run({ backend }) {
      const ids = await filled(backend, 30)

      for (const at of [0, 13, 28, 29]) {
        expectSame(
          await idsOf(backend, { after: ids[at] }),
          ids.slice(at + 1),
          `the list after id ${at + 1} of 30`,
        )
      }
    },
  },
  {
    name: 'lists only what comes after an id that it has not',
    async run({ backend }) {
      const ids = await filled(backend, 30)

      for (const after of [
        ...Array.from({ length: 5 }, () => randomUUID()),
        `0${'0'.repeat(7)}-0000-0000-0000-000000000000`,
      ]) {
        const wanted = ids.filter((id) => id > after)
        expectSame(await idsOf(backend, { after }), wanted, `the list after ${after}`)
      }
    },
  },
  {
    name: 'lists after an id through the facade as well',
    async run({ backend, storage }) {
      const ids = await filled(backend, 5)

      const listed: string[] = []
      for await (const id of storage.list({ after: ids[2] ?? '' })) listed.push(id)

      expectSame(listed, ids.slice(3), 'the list after the third of five')
    },
  },
  {
    name: `lists ${MANY} files, each once and in order`,
    async run({ backend }) {
      // Of one time, as a service would not have so many folders or prefixes else; written last one first.
      const ids = Array.from({ length: MANY }, () => newFileId())
      await fill(backend, ids.toReversed())

      const listed = await idsOf(backend)

      deepEqual(listed, ids, `${listed.length} of ${MANY} files are listed, or not in order`)
      expectSame(
        await idsOf(backend, { after: ids[MANY - 3] }),
        ids.slice(-2),
        'the list after the last but two',
      )
    },
  },
  {
    name: 'lets whoever lists stop half-way',
    async run({ backend }) {
      const ids = await filled(backend, 10)

      const listed: string[] = []
      for await (const id of backend.list()) {
        listed.push(id)
        if (listed.length === 3) break
      }

      expectSame(listed, ids.slice(0, 3), 'the first three')
      expectSame(await idsOf(backend), ids, 'the list afterwards')
    },
  },
  {
    name: 'lists what was there in order while other files come and go',
    async run({ backend }) {
      const stays = await filled(backend, 60)
      const goes = await filled(backend, 60)

      const changing = (async () => {
        for (const id of goes) {
          await backend.delete([id])
          await writeBytes(backend, randomUUID(), HELLO)
        }
      })()
      const lists: string[][] = []
      for (let n = 0; n < 5; n++) lists.push(await idsOf(backend))
      await changing
      lists.push(await idsOf(backend))

      for (const listed of lists) {
        const known = new Set(listed)
        ok(
          stays.every((id) => known.has(id)),
          'a file that was there all the time is not listed',
        )
        deepEqual(listed, [...known].sort(), 'the list has an id twice or is not in order')
      }
    },
  },
]

/** Stores so many files under ids of any kind and resolves with the ids in order. */
async function filled(backend: StorageBackend, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID())
  await fill(backend, ids)
  return ids.sort()
}

async function fill(backend: StorageBackend, ids: readonly string[]): Promise<void> {
  for (let start = 0; start < ids.length; start += 16) {
    await Promise.all(ids.slice(start, start + 16).map((id) => writeBytes(backend, id, HELLO)))
  }
}
