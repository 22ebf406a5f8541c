import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** What `init` has found in a project. */
export interface Surroundings {
  readonly isTypescript: boolean
  readonly orm: 'typeorm' | 'prisma' | undefined
  /** The module that exports a data source, relative to the project. */
  readonly dataSource: string | undefined
  /** The name under which it is exported; `default` for the default export. */
  readonly dataSourceName: string | undefined
  /** The schema of Prisma, relative to the project. */
  readonly prismaSchema: string | undefined
  /** Prefixes of variables of the environment that configure storages, such as `DEPOT_`. */
  readonly storages: readonly string[]
}

/** Folders in which no module of the application is. */
const NOT_OURS = /^(node_modules|dist|build|out|coverage|test|tests|\..*)$/
/** A project is looked through no deeper than that. */
const DEPTH = 5

/** Reads the manifest and the sources of a project. Runs nothing. */
export async function lookAround(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Surroundings> {
  const manifest = await manifestOf(folder)
  const has = (name: string) => Object.hasOwn(manifest, name)
  const prismaSchema = ['prisma/schema.prisma', 'schema.prisma', 'prisma/schema'].find((path) =>
    existsSync(join(folder, path)),
  )
  const source = has('typeorm') ? await findDataSource(folder, folder, DEPTH) : undefined
  return {
    isTypescript: existsSync(join(folder, 'tsconfig.json')),
    orm: has('typeorm')
      ? 'typeorm'
      : prismaSchema !== undefined || has('@prisma/client')
        ? 'prisma'
        : undefined,
    dataSource: source?.path,
    dataSourceName: source?.name,
    prismaSchema,
    storages: Object.keys(env)
      .filter((name) => name.endsWith('_BACKEND') && env[name])
      .map((name) => name.slice(0, -'BACKEND'.length)),
  }
}

async function manifestOf(folder: string): Promise<Record<string, string>> {
  try {
    const text = await readFile(join(folder, 'package.json'), 'utf8')
    const { dependencies, devDependencies } = JSON.parse(text) as Record<string, Record<string, string>>
    return { ...dependencies, ...devDependencies }
  } catch {
    return {}
  }
}

/** The first module that exports a `new DataSource(`, also one that is wrapped by `attachDepot`. */
async function findDataSource(
  root: string,
  folder: string,
  depth: number,
): Promise<{ path: string; name: string } | undefined> {
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries.filter((one) => one.isFile() && /\.[cm]?[jt]s$/.test(one.name))) {
    const path = join(folder, entry.name)
    const text = await readFile(path, 'utf8')
    const [, name] = /export (default|const \w+)\b[^;]*?\bnew DataSource\(/s.exec(text) ?? []
    if (name !== undefined)
      return { path: relative(root, path).replaceAll('\\', '/'), name: name.replace(/^const /, '') }
  }
  if (depth === 0) return undefined
  for (const entry of entries.filter((one) => one.isDirectory() && !NOT_OURS.test(one.name))) {
    const found = await findDataSource(root, join(folder, entry.name), depth - 1)
    if (found) return found
  }
  return undefined
}
