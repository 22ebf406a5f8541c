import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { LocalBackend } from '../../../src/backends/local/local-backend.ts'
import { newFileId } from '../../../src/file-id.ts'
import { FileStorage } from '../../../src/storage/file-storage.ts'
import { treeOf } from '../../support/folders.ts'
import { idsOf, memoryStorage } from '../../support/storages.ts'
import { temporaryFolders } from '../../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()

const SLOTS = 4
const SIZES = [0, 1, 1000, 70_000, 300_000]

const step = fc.record({
  what: fc.constantFrom(
    'put' as const,
    'replace' as const,
    'copy' as const,
    'delete' as const,
    'break' as const,
  ),
  slot: fc.nat(SLOTS - 1),
  size: fc.constantFrom(...SIZES),
  asStream: fc.boolean(),
})
/** Steps that run at the same time, each on a file of its own. */
const round = fc.uniqueArray(step, { selector: ({ slot }) => slot, maxLength: SLOTS })

async function* inChunks(bytes: Buffer, breaksOff = false): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += 50_000)
    yield await Promise.resolve(bytes.subarray(start, start + 50_000))
  if (breaksOff) throw new Error('broken off')
}

it.each([false, true])(
  'whatever is stored, replaced, copied, broken off and deleted at once, a folder holds two names for each file, networkMount: %s',
  async (networkMount) => {
    await fc.assert(
      fc.asyncProperty(fc.array(round, { maxLength: 12 }), async (rounds) => {
        const folder = await temporaryFolder()
        const files = new FileStorage('local', new LocalBackend(folder, { networkMount }))
        const other = new FileStorage('other', new LocalBackend(folder))
        const source = memoryStorage('source')
        const model = new Map<string, Buffer>()
        const ids: (string | undefined)[] = Array.from({ length: SLOTS }, () => undefined)

        for (const [number, steps] of rounds.entries()) {
          await Promise.all(
            steps.map(async ({ what, slot, size, asStream }) => {
              const bytes = Buffer.alloc(size, `${number}.${slot};`)
              const content = asStream ? inChunks(bytes) : bytes
              const id = ids[slot]
              if (what === 'put' || id === undefined) {
                const made = (ids[slot] = await files.create(content))
                model.set(made, bytes)
              } else if (what === 'delete') {
                await files.delete(id)
                model.delete(id)
                ids[slot] = undefined
              } else if (what === 'break') {
                await expect(files.replace(id, inChunks(bytes, true))).rejects.toThrow('broken off')
              } else if (what === 'copy') {
                await source.backend.write(id, bytes, { ...INFO, size }, {})
                await files.replace(await source.get(id), await source.get(id))
                model.set(id, bytes)
              } else {
                await files.replace(id, content)
                model.set(id, bytes)
              }
            }),
          )

          for (const storage of [files, other]) {
            expect(await idsOf(storage)).toEqual([...model.keys()].sort())
            for (const [id, bytes] of model) {
              expect((await (await storage.get(id)).bytes()).equals(bytes)).toBe(true)
              expect((await storage.readBytes(id)).equals(bytes)).toBe(true)
            }
          }
          const names = (await treeOf(folder)).filter(
            (path) => !path.endsWith('/') && !path.endsWith('.depot'),
          )
          expect(names).toHaveLength(2 * model.size)
          // Deleting such a file looks at nothing, so nothing else may bear its id.
          const untouched = names.filter((name) => /\w\.json$/.test(name) && !name.endsWith('.r.json'))
          for (const name of untouched) expect(names).toContain(name.replace(/json$/, 'first'))
        }

        await files.deleteMany([...model.keys(), newFileId()])
        expect(
          (await treeOf(folder)).filter((path) => !path.endsWith('/') && !path.endsWith('.depot')),
        ).toEqual([])
      }),
      { numRuns: 40 },
    )
  },
)

const INFO = { filename: 'a.bin', contentType: 'text/plain', sha256: undefined, metadata: {} }
