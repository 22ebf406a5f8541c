import { hasCode, type StoredFile } from '@filedepot/core'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { EXIT } from '../exit-codes.ts'
import { bytes } from '../format.ts'
import * as options from '../options.ts'

export function registerLs(program: Command, cli: Cli): void {
  const command = program
    .command('ls')
    .argument('[storage]', 'the name of a storage (default: the default storage)')
    .description('lists the files of a storage, oldest first')
    .option('-l, --long', 'with size, time, type and name: asks the storage for each file')
    .option('--after <id>', 'begins after this file')
    .addOption(options.limit('ends after so many files'))
  cli.run<{ long?: boolean; after?: string; limit?: number }>(
    command,
    async ({ out, open, signal }, { long = false, after, limit = Infinity }, name) => {
      const storage = (await open()).depot.get(name)
      let listed = 0
      for await (const id of storage.list(after === undefined ? {} : { after })) {
        signal.throwIfAborted()
        if (++listed > limit) break
        const path = storage.path(id)
        if (!long) await out.print(path, { event: 'file', path })
        else {
          const file = await storage.get(id).catch(unlessMissing)
          if (file) await out.print(lineOf(file), { event: 'file', ...recordOf(file) })
        }
      }
      return EXIT.fine
    },
  )
}

/** What can be said of a file without reading it. */
export function recordOf(file: StoredFile): Record<string, unknown> {
  const { path, filename, contentType, size, sha256, lastModified, metadata } = file
  const time = lastModified.toISOString()
  return { path, filename, contentType, size, sha256, lastModified: time, metadata: { ...metadata } }
}

function lineOf({ path, filename, contentType, size, lastModified }: StoredFile): string {
  const time = lastModified.toISOString().slice(0, 16).replace('T', ' ')
  return `${path}  ${bytes(size).padStart(8)}  ${time}  ${contentType}  ${printable(filename)}`
}

/** A name must not steer the terminal. */
export function printable(text: string): string {
  return /^[^\p{Cc}\p{Cf}]*$/u.test(text) ? text : JSON.stringify(text)
}

/** What is listed may be deleted meanwhile, or be no file. */
function unlessMissing(error: unknown): undefined {
  if (hasCode(error, 'FILE_NOT_FOUND', 'CORRUPT_FILE')) return undefined
  throw error
}
