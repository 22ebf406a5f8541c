import { equal } from 'node:assert/strict'
import { newFileId } from '@filedepot/core/backend'
import type { BackendCase } from './backend-case.ts'
import { expectSame, idsOf, writeBytes } from './expectations.ts'
import { HELLO } from './sample-content.ts'

/** Who deletes in a storage, and what killed processes leave there; a backend may know neither. */
export const ownerCases: readonly BackendCase[] = [
  {
    name: 'has no owner at first, and then the one that was written last',
    async run({ backend }) {
      if (!backend.readOwner || !backend.writeOwner) return
      equal(await backend.readOwner(), undefined, 'a new storage has an owner')

      await backend.writeOwner('the first')
      equal(await backend.readOwner(), 'the first', 'the owner is not the one that was written')
      await backend.writeOwner('the sécond, with "quotes"')

      equal(
        await backend.readOwner(),
        'the sécond, with "quotes"',
        'the owner is not the one that was written last',
      )
    },
  },
  {
    name: 'lists no owner among the files, and loses none with them',
    async run({ backend }) {
      if (!backend.readOwner || !backend.writeOwner) return
      await backend.writeOwner('somebody')
      const id = newFileId()
      await writeBytes(backend, id, HELLO)
      expectSame(await idsOf(backend), [id], 'the list')

      await backend.delete([id])

      expectSame(await idsOf(backend), [], 'the list afterwards')
      equal(await backend.readOwner(), 'somebody', 'the owner is gone')
    },
  },
  {
    name: 'takes no file, and no new one, for a leftover',
    async run({ backend }) {
      if (!backend.sweepLeftovers) return
      const ids = [newFileId(), newFileId()].sort()
      for (const id of ids) await writeBytes(backend, id, HELLO)
      await writeBytes(backend, ids[0] ?? '', Buffer.from('replaced'))

      equal(
        await backend.sweepLeftovers({ olderThan: new Date(0) }),
        0,
        'something from before 1970 was removed',
      )
      await backend.sweepLeftovers({ olderThan: new Date(Date.now() + 60_000) })

      expectSame(await idsOf(backend), ids, 'the list')
      for (const id of ids) equal((await backend.stat(id)) !== undefined, true, 'a file is gone')
    },
  },
]
