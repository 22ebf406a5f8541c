import { equal } from 'node:assert/strict'
import { newFileId } from '@filedepot/core/backend'
import type { BackendCase } from './backend-case.ts'
import {
  expectCode,
  expectEmpty,
  expectOnly,
  expectRejection,
  within,
  writeBytes,
  written,
} from './expectations.ts'
import { breakingAfter, chunksOf, HELLO, MIB, patternBytes, streamed } from './sample-content.ts'

/** The number of bytes before a stream breaks. */
const BREAKS = {
  'before its first byte': 0,
  'after some bytes': 1000,
  'after more than a MiB': MIB + 300_000,
  'after several MiB': 9 * MIB,
}

/** Sources that fail, and limits: what was there stays, and nothing else does. */
export const failureCases: readonly BackendCase[] = [
  ...Object.entries(BREAKS).flatMap(([where, size]): BackendCase[] => [
    {
      name: `stores nothing of a stream that breaks ${where}, and rejects with its error`,
      async run(context) {
        const id = newFileId()
        const broken = new Error('the source broke')
        const { body, info } = streamed(breakingAfter(patternBytes(size), broken))

        const error = await expectRejection(
          within(
            10_000,
            written(() => context.backend.write(id, body, info, {})),
            'a write from a broken stream',
          ),
          'a write from a broken stream',
        )

        equal(error, broken, 'the write rejected with another error than that of the stream')
        await expectEmpty(context, id)
      },
    },
    {
      name: `leaves a file as it was where the new stream breaks ${where}`,
      async run(context) {
        const id = await context.storage.create(HELLO, { filename: 'hello.txt' })
        const broken = new Error('the source broke')
        const source = breakingAfter(patternBytes(size), broken)

        const replacing = context.storage.replace(id, source, { filename: 'new.txt' })
        const error = await expectCode('CONTENT_FAILED', replacing, 'replacing a file from a broken stream')

        equal(error.cause, broken, 'the error of the stream is not the cause')
        equal((await context.storage.get(id)).filename, 'hello.txt', 'the file took the new name')
        await expectOnly(context, id, HELLO)
      },
    },
  ]),
  {
    name: 'rejects with the error of a broken stream whatever code it bears',
    async run(context) {
      const id = newFileId()
      await writeBytes(context.backend, id, HELLO)

      // Codes that a backend must not take for failures of its own.
      for (const code of ['ENOENT', 'EEXIST', 'NoSuchKey', 404, 'ABORTED']) {
        const broken = Object.assign(new Error('the source broke'), { code })
        const { body, info } = streamed(breakingAfter(patternBytes(3 * MIB), broken))
        const error = await expectRejection(
          written(() => context.backend.write(id, body, info, {})),
          'a broken write',
        )

        equal(error, broken, `the write rejected with another error than that of the stream, ${code}`)
      }
      await expectOnly(context, id, HELLO)
    },
  },
  {
    name: 'stores nothing of a stream that is larger than the limit',
    async run(context) {
      const creating = context.storage.create(chunksOf(patternBytes(3 * MIB)), { maxSize: 2 * MIB })

      await expectCode('FILE_TOO_LARGE', creating, 'storing 3 MiB under a limit of 2 MiB')
      await expectEmpty(context)
    },
  },
  {
    name: 'leaves a file as it was where the new stream is larger than the limit',
    async run(context) {
      const id = await context.storage.create(HELLO)

      const replacing = context.storage.replace(id, chunksOf(patternBytes(3 * MIB)), { maxSize: 2 * MIB })

      await expectCode('FILE_TOO_LARGE', replacing, 'storing 3 MiB under a limit of 2 MiB')
      await expectOnly(context, id, HELLO)
    },
  },
  {
    name: 'stores the next file after one that failed',
    async run(context) {
      const id = newFileId()
      const broken = streamed(breakingAfter(patternBytes(2 * MIB), new Error('the source broke')))
      const { backend } = context
      await expectRejection(
        written(() => backend.write(id, broken.body, broken.info, {})),
        'a broken write',
      )

      const { body, info } = streamed(chunksOf(patternBytes(2 * MIB)))
      await context.backend.write(id, body, info, {})

      await expectOnly(context, id, patternBytes(2 * MIB))
    },
  },
]
