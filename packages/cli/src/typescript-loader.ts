import { createJiti } from 'jiti'
import type TypeScript from 'typescript'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Project } from './project.ts'

// Its types for CommonJS name no others.
type Jiti = ReturnType<typeof createJiti>
type TransformOptions = Parameters<Jiti['transform']>[0]

/**
 * Loads TypeScript with all that it imports. Node 20 runs none by itself, and later ones know no decorators. jiti cannot compile
 * the decorators of fields such as `id!: number`, and says nothing of their types; entities of TypeORM need both. So files
 * with decorators go through the TypeScript of the project first, with its tsconfig.json.
 */
export function createLoader(path: string, project: Project): Jiti {
  const url = pathToFileURL(path).href
  const plain = createJiti(url)
  const typescript = project.requireIfThere('typescript') as typeof TypeScript | undefined
  // TypeScript 7 compiles no single files from within a program.
  if (typeof typescript?.transpileModule !== 'function')
    return createJiti(url, { tsconfigPaths: true, interopDefault: false })
  const options = compilerOptions(typescript, path)
  const transform = (given: TransformOptions) => {
    const { filename = '', source } = given
    const isDecorated = /\.[cm]?ts$/.test(filename) && /^\s*@\w/m.test(source)
    const compiled = isDecorated
      ? typescript.transpileModule(source, { fileName: filename, compilerOptions: options }).outputText
      : source
    return { code: plain.transform({ ...given, source: compiled }) }
  }
  // What was compiled once is not kept: the cache of jiti does not know tsconfig.json.
  return createJiti(url, { transform, tsconfigPaths: true, interopDefault: false, fsCache: false })
}

function compilerOptions(typescript: typeof TypeScript, path: string): TypeScript.CompilerOptions {
  const { sys } = typescript
  const file = typescript.findConfigFile(dirname(path), (name) => sys.fileExists(name))
  const read =
    file === undefined ? {} : (typescript.readConfigFile(file, (name) => sys.readFile(name)).config as object)
  // Without the names of the files: a project may have many.
  const host = { ...sys, readDirectory: () => [] }
  const { options } = typescript.parseJsonConfigFileContent(read, host, dirname(file ?? path))
  return {
    // Decorators as TypeORM has them, even if tsconfig.json is that of another part of the project.
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    useDefineForClassFields: false,
    ...options,
    module: typescript.ModuleKind.ESNext,
    target: typescript.ScriptTarget.ES2022,
    sourceMap: false,
    inlineSourceMap: true,
    declaration: false,
    composite: false,
    incremental: false,
    noEmit: false,
  }
}
