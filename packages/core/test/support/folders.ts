import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The paths of all files and folders in a folder, relative to it, folders with a slash, without the marker of a storage. */
export async function treeOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.map(async (entry) =>
    entry.isDirectory()
      ? [
          `${entry.name}/`,
          ...(await treeOf(join(folder, entry.name))).map((inner) => `${entry.name}/${inner}`),
        ]
      : [entry.name],
  )
  const paths = (await Promise.all(names)).flat()
  return paths.filter((path) => path !== '.depot').sort()
}
