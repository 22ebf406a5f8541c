import { newFileId } from '@filedepot/core/backend'
import type { BackendCase } from './backend-case.ts'
import { expectCode, expectEmpty, expectOnly, expectSame, idsOf, writeBytes } from './expectations.ts'
import { chunksOf, HELLO, MIB, patternBytes } from './sample-content.ts'

/** More than the 1,000 that services take at once. */
const MANY = 1_200

/** Deleting one file and many. */
export const deleteCases: readonly BackendCase[] = [
  {
    name: 'deletes a file',
    async run(context) {
      const id = await context.storage.create(HELLO)

      await context.storage.delete(id)

      expectSame(await context.storage.exists(id), false, 'that the deleted file exists')
      await expectEmpty(context, id)
    },
  },
  {
    name: 'deletes a large file',
    async run(context) {
      const id = await context.storage.create(chunksOf(patternBytes(6 * MIB)))

      await context.storage.delete(id)

      await expectEmpty(context, id)
    },
  },
  {
    name: 'deletes only the file that it is told to',
    async run(context) {
      const [first, second] = [await context.storage.create(HELLO), await context.storage.create(HELLO)]

      await context.storage.delete(first)

      await expectOnly(context, second, HELLO)
    },
  },
  {
    name: 'counts a file that is not there as deleted',
    async run({ backend, storage }) {
      const id = await storage.create(HELLO)

      await storage.delete(id)
      await storage.delete(id)

      expectSame(await backend.delete([id, newFileId()]), { failed: [] }, 'the report')
    },
  },
  {
    name: 'deletes nothing where there is nothing to delete',
    async run(context) {
      const id = await context.storage.create(HELLO)

      expectSame(await context.backend.delete([]), { failed: [] }, 'the report')
      await expectOnly(context, id, HELLO)
    },
  },
  {
    name: 'refuses to delete what is no id',
    async run({ storage }) {
      await expectCode('INVALID_FILE_ID', storage.delete('not-an-id'), 'deleting "not-an-id"')
    },
  },
  {
    name: 'deletes many files at once, also where most are not there and some are named twice',
    async run(context) {
      const { backend, storage } = context
      const ids = Array.from({ length: 40 }, () => newFileId())
      for (const id of ids) await writeBytes(backend, id, HELLO)
      const kept = newFileId()
      await writeBytes(backend, kept, HELLO)
      const missing = Array.from({ length: MANY }, () => newFileId())

      const report = await storage.deleteMany([...ids.slice(0, 20), ...missing, ...ids, ...ids.slice(30)])

      expectSame(report, { failed: [] }, 'the report')
      await expectOnly(context, kept, HELLO)
    },
  },
  {
    name: 'stores a file again under the id of a deleted one',
    async run(context) {
      const id = newFileId()
      await writeBytes(context.backend, id, patternBytes(MIB))
      await context.backend.delete([id])

      await writeBytes(context.backend, id, HELLO)

      await expectOnly(context, id, HELLO)
      expectSame(await idsOf(context.backend), [id], 'the listed files')
    },
  },
]
