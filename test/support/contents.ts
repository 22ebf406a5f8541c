import { UploadedFile, type DepotManager } from '@filedepot/core'
import { Readable } from 'node:stream'

/** A pending text file. */
export function textFile(text: string, filename = 'note.txt'): UploadedFile {
  return UploadedFile.from(Buffer.from(text), { filename })
}

/** A pending file whose upload breaks off with this error, after some bytes. */
export function brokenFile(cause = new Error('the client is gone')): UploadedFile {
  return UploadedFile.from(
    Readable.from(
      (async function* () {
        yield await Promise.resolve(Buffer.from('the first half, '))
        throw cause
      })(),
    ),
  )
}

/** What the file of a value says. */
export async function textOf(file: UploadedFile | null | undefined): Promise<string | undefined> {
  return file ? (await file.bytes()).toString() : undefined
}

/** What all files of all storages say. */
export async function textsIn(depot: DepotManager): Promise<string[]> {
  const texts: string[] = []
  for (const storage of depot.storages()) {
    for await (const id of storage.list()) texts.push(await (await storage.get(id)).text())
  }
  return texts
}

/** What the files of these values say. */
export async function textsOf(
  files: readonly (UploadedFile | null | undefined)[] | null | undefined,
): Promise<(string | undefined)[]> {
  return await Promise.all((files ?? []).map(textOf))
}
