// A program whose rows are files of a folder. In the wrong order, it deletes a file before the row that refers to it.
import { readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DepotManager, LocalBackend, UploadedFile } from '@filedepot/core'
import { crashingBackend, runCrashProgram } from '@filedepot/testing/crash'

await runCrashProgram(async ({ options: { rows, files, order }, points }) => {
  if (order === 'broken') throw new Error('the database is away')
  const depot = new DepotManager()
  depot.configure('default', crashingBackend(new LocalBackend(files), points))
  const upload = async (content) => (await depot.upload(UploadedFile.from(content))).path
  const write = (name, path) => points.around('row', () => writeFile(join(rows, name), path))
  const remove = (name) => points.around('unlink', () => unlink(join(rows, name)))
  return {
    names: () => readdir(rows),
    insert: async (name, content) => write(name, await upload(content)),
    replace: async (name, content) => write(name, await upload(content)),
    async remove(name) {
      const path = await readFile(join(rows, name), 'utf8')
      if (order === 'right') await remove(name)
      await depot.deleteFiles([path])
      if (order === 'wrong') await remove(name)
    },
    rollBack: async (_, content) => void (await upload(content)),
    close: () => depot.close(),
  }
})
