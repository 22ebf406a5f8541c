import { describe, it } from '@jest/globals'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { LocalBackend, type LocalBackendOptions } from '@filedepot/core'
import { describeBackend } from '@filedepot/testing'

const settings: Record<string, LocalBackendOptions> = {
  'by default': {},
  'with fsync': { fsync: true },
  'on a network mount, beside files of Python’s DEPOT': { networkMount: true, pythonDepot: true },
}

describe('LocalBackend', () => {
  for (const [name, options] of Object.entries(settings)) {
    describeBackend(
      name,
      {
        // A folder in the folder, as the backend has to make its own.
        create: async () =>
          new LocalBackend(join(await mkdtemp(join(tmpdir(), 'filedepot-')), 'files'), options),
        destroy: ({ folder }) => rm(dirname(folder), { recursive: true }),
        leftovers: namesOfNoFile,
      },
      { describe, it },
    )
  }
})

/** The files below the folder that belong to no listed one. */
async function namesOfNoFile(backend: LocalBackend): Promise<string[]> {
  const entries = await readdir(backend.folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const own = new Set<string>(['.depot'])
  for await (const id of backend.list()) {
    for (const sidecar of [`${id}.json`, `${id}.r.json`]) {
      const path = paths.find((one) => basename(one) === sidecar)
      if (path === undefined) continue
      const { content } = JSON.parse(await readFile(path, 'utf8')) as { content: string }
      own.add(sidecar).add(content)
    }
  }
  return paths.filter((path) => !own.has(basename(path)))
}
