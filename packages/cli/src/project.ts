import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UsageError } from './exit-codes.ts'

/**
 * The packages of a project, as a file in its folder would import them. Integrations know what was attached by their own
 * module, so the command line has to use the very copy that the project uses.
 */
export class Project {
  readonly #require: NodeJS.Require

  constructor(readonly folder: string) {
    this.#require = createRequire(join(folder, 'filedepot.config.js'))
  }

  /** @throws UsageError if the package is not installed */
  async import<Module>(name: string, needed: string): Promise<Module> {
    const path = this.#resolve(name)
    if (path === undefined)
      throw new UsageError(`${needed} needs the package ${name}, which is not installed in ${this.folder}`)
    const module = (await import(pathToFileURL(path).href)) as Module & { readonly default?: Module }
    // A CommonJS module whose exports cannot be read from outside.
    return { ...module.default, ...module }
  }

  /** A CommonJS package, if it is installed. */
  requireIfThere(name: string): unknown {
    const path = this.#resolve(name)
    return path === undefined ? undefined : this.#require(path)
  }

  /** True if the package is installed. */
  has(name: string): boolean {
    return this.#resolve(name) !== undefined
  }

  /** The version of an installed package. */
  versionOf(name: string): string | undefined {
    const manifest = this.#resolve(`${name}/package.json`)
    return manifest === undefined ? undefined : (this.#require(manifest) as { version: string }).version
  }

  #resolve(name: string): string | undefined {
    try {
      return this.#require.resolve(name)
    } catch {
      return undefined
    }
  }
}
