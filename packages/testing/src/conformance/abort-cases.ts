import { setTimeout as sleep } from 'node:timers/promises'
import { newFileId } from '@filedepot/core/backend'
import type { BackendCase, BackendContext } from './backend-case.ts'
import { expectCode, expectEmpty, expectOnly, expectRejection, within, written } from './expectations.ts'
import { chunksOf, HELLO, hangingAfter, infoOf, MIB, patternBytes, streamed } from './sample-content.ts'

/** An abort has to take effect at once; on a busy machine that is not the same as immediately. */
const PROMPT_MS = 10_000

/** Uploads that their callers give up. */
export const abortCases: readonly BackendCase[] = [
  ...Object.entries({
    'before its first byte': 0,
    'after some bytes': 1000,
    'after several MiB': 6 * MIB,
  }).flatMap(([where, size]): BackendCase[] => [
    {
      name: `gives up an upload whose source hangs ${where}, as soon as it is aborted`,
      async run(context) {
        await expectAborted(context, (signal) =>
          context.storage.create(hangingAfter(patternBytes(size)), { signal }),
        )

        await expectEmpty(context)
      },
    },
    {
      name: `leaves a file as it was where the new source hangs ${where} and is aborted`,
      async run(context) {
        const id = await context.storage.create(HELLO)

        await expectAborted(context, (signal) =>
          context.storage.replace(id, hangingAfter(patternBytes(size)), { signal }),
        )

        await expectOnly(context, id, HELLO)
      },
    },
  ]),
  {
    name: 'stores nothing where the upload is aborted while bytes flow on',
    async run(context) {
      const id = newFileId()
      const controller = new AbortController()
      // A body that knows nothing of the signal, and comes to its end.
      async function* flowing(): AsyncGenerator<Uint8Array> {
        yield* chunksOf(patternBytes(2 * MIB))
        controller.abort()
        await sleep(1)
        yield* chunksOf(patternBytes(2 * MIB))
      }
      const { body, info } = streamed(flowing())

      const writing = written(() => context.backend.write(id, body, info, { signal: controller.signal }))

      await expectRejection(within(PROMPT_MS, writing, 'an aborted write'), 'an aborted write')
      await expectEmpty(context, id)
    },
  },
  {
    name: 'leaves a file as it was where whole bytes come with a signal that is aborted already',
    async run(context) {
      const id = await context.storage.create(HELLO)
      const bytes = Buffer.from('too late')

      const aborted = { signal: AbortSignal.abort() }
      const writing = written(() => context.backend.write(id, bytes, infoOf(bytes), aborted))

      await expectRejection(within(PROMPT_MS, writing, 'an aborted write'), 'an aborted write')
      await expectOnly(context, id, HELLO)
    },
  },
  {
    name: 'stores a file whose signal is aborted when it is there',
    async run(context) {
      const controller = new AbortController()
      const bytes = patternBytes(2 * MIB)
      const id = await context.storage.create(chunksOf(bytes), { signal: controller.signal })

      controller.abort()
      await sleep(10)

      await expectOnly(context, id, bytes)
    },
  },
]

async function expectAborted(
  { storage }: BackendContext,
  upload: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const controller = new AbortController()
  const uploading = upload(controller.signal)
  uploading.catch(() => undefined)
  await sleep(30)
  controller.abort()
  const what = `an aborted upload to "${storage.name}"`
  await expectCode('ABORTED', within(PROMPT_MS, uploading, what), what)
}
