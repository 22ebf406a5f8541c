import type { StorageBackend } from '@filedepot/core'
import type { SendfileOptions } from './file-handler-options.ts'

/** The header by which the web server in front sends a file, or `undefined` where it has no path of its own. */
export async function sendfileHeader(
  { header, map = (path) => path }: SendfileOptions,
  backend: StorageBackend,
  id: string,
): Promise<Record<string, string> | undefined> {
  const path = await backend.localPath?.(id)
  if (path === undefined) return undefined
  const value = map(path)
  // nginx decodes what it gets, Apache and lighttpd take the bytes as they are; a header has one character for each.
  return {
    [header]: header === 'X-Accel-Redirect' ? encodeURI(value) : Buffer.from(value).toString('latin1'),
  }
}
