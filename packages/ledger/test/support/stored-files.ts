import { DepotManager, UploadedFile, type FileStorage } from '@filedepot/core'
import { firstFileIdAt } from '@filedepot/core/backend'
import { randomBytes } from 'node:crypto'
import type { TestDatabase } from './test-database.ts'

export const HOUR = 60 * 60 * 1000

/** Stores a file, and says what a row holds of it. */
export async function store(depot: DepotManager, text: string, storage?: string): Promise<string> {
  const pending = UploadedFile.from(Buffer.from(text))
  return JSON.stringify(await depot.upload(pending, storage === undefined ? {} : { storage }))
}

/** The path of what a row holds. */
export function pathIn(value: string): string {
  return (JSON.parse(value) as { files: string[] }).files[0] ?? ''
}

/** A file whose id and whose bytes are so old, in milliseconds. Resolves with its path. */
export async function storeOld(
  storage: FileStorage,
  { idAge, age = idAge }: { idAge: number; age?: number },
): Promise<string> {
  const id = firstFileIdAt(new Date(Date.now() - idAge)).replace(/0{12}$/, randomBytes(6).toString('hex'))
  const lastModified = new Date(Date.now() - age)
  const info = {
    filename: 'a',
    contentType: 'text/plain',
    size: 1,
    sha256: undefined,
    metadata: {},
    lastModified,
  }
  await storage.backend.write(id, Buffer.from('a'), info, {})
  return storage.path(id)
}

export async function pathsIn(storage: FileStorage): Promise<string[]> {
  const paths: string[] = []
  for await (const id of storage.list()) paths.push(storage.path(id))
  return paths
}

/** As if the ledger had been there for a year. */
export async function installLongAgo({ run }: Pick<TestDatabase, 'run'>): Promise<void> {
  const value = String(Date.now() - 365 * 24 * HOUR)
  await run("UPDATE filedepot_state SET value = ? WHERE name = 'installed'", [value])
}

/** As if no sweep had been there yet. */
export async function forgetSweeps({ run }: Pick<TestDatabase, 'run'>): Promise<void> {
  await run("DELETE FROM filedepot_state WHERE name LIKE 'storage:%'")
}
