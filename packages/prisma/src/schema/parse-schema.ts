/** What the text of a schema says of a model that the running client does not know. */
export interface SchemaModel {
  readonly isView: boolean
  readonly fields: ReadonlyMap<string, SchemaField>
  readonly key: readonly string[]
  readonly compoundKeys: ReadonlyMap<string, readonly string[]>
}

export interface SchemaField {
  readonly isList: boolean
  readonly isRequired: boolean
  readonly relation?: {
    readonly fields: readonly string[]
    readonly references: readonly string[]
    readonly onDelete: string | undefined
  }
}

const MODEL = /^(model|view)\s+(\w+)\s*\{$/
const FIELD = /^(\w+)\s+\w+(?:\("[^"]*"\))?(\[\]|\?)?(?:\s+(.*))?$/
const BLOCK_KEY = /^@@(id|unique)\s*\((.*)\)$/
/** Text between quotes, or a comment to the end of its line. */
const TEXT_OR_COMMENT = /"(?:[^"\\]|\\.)*"|\/\/.*$/gm

/**
 * Reads models and views, their keys and relations out of the text of a schema. The client carries the text with it; it has been
 * accepted by Prisma, so that nothing has to be checked here.
 *
 * @see https://www.prisma.io/docs/orm/reference/prisma-schema-reference
 */
export function parseSchema(text: string): Map<string, SchemaModel> {
  const models = new Map<string, SchemaModel>()
  let name: string | undefined
  let isView = false
  let lines: string[] = []
  for (const line of statementsOf(text)) {
    const start = MODEL.exec(line)
    if (start) {
      name = start[2]
      isView = start[1] === 'view'
      lines = []
    } else if (line === '}') {
      if (name !== undefined) models.set(name, { ...parseModel(lines), isView })
      name = undefined
    } else {
      lines.push(line)
    }
  }
  return models
}

/** One line for each field and attribute, without comments. Lists between brackets may go over several lines. */
function* statementsOf(text: string): Iterable<string> {
  const code = text.replace(TEXT_OR_COMMENT, (found) => (found.startsWith('//') ? '' : found))
  let open = ''
  for (const line of code.split('\n')) {
    open = `${open} ${line}`.trim()
    const bare = open.replace(TEXT_OR_COMMENT, '')
    if (count(bare, /[([]/g) > count(bare, /[)\]]/g)) continue
    if (open !== '') yield open
    open = ''
  }
}

function parseModel(lines: readonly string[]): Omit<SchemaModel, 'isView'> {
  const fields = new Map<string, SchemaField>()
  const compoundKeys = new Map<string, readonly string[]>()
  const ids: (readonly string[])[] = []
  const uniques: (readonly string[])[] = []
  for (const line of lines) {
    const block = BLOCK_KEY.exec(line)
    if (block) {
      const [, kind, rest = ''] = block
      const key = namesIn(rest)
      if (key.length > 1) compoundKeys.set(nameIn(rest) ?? key.join('_'), key)
      ;(kind === 'id' ? ids : uniques).push(key)
      continue
    }
    const field = FIELD.exec(line)
    if (!field) continue
    const [, name = '', suffix, attributes = ''] = field
    fields.set(name, parseField(suffix, attributes))
    if (/(?:^|\s)@id\b/.test(attributes)) ids.push([name])
    // A key that may be null names no row.
    else if (/(?:^|\s)@unique\b/.test(attributes) && suffix !== '?') uniques.push([name])
  }
  const required = uniques.filter((key) => key.every((name) => fields.get(name)?.isRequired))
  return { fields, compoundKeys, key: ids[0] ?? required[0] ?? [] }
}

function parseField(suffix: string | undefined, attributes: string): SchemaField {
  const relation = /@relation\s*\((.*)\)/.exec(attributes)?.[1]
  return {
    isList: suffix === '[]',
    isRequired: suffix === undefined,
    ...(relation !== undefined && {
      relation: {
        fields: namesIn(/\bfields:\s*(\[.*?\])/.exec(relation)?.[1] ?? ''),
        references: namesIn(/\breferences:\s*(\[.*?\])/.exec(relation)?.[1] ?? ''),
        onDelete: /\bonDelete:\s*(\w+)/.exec(relation)?.[1],
      },
    }),
  }
}

/** The names of the first list in brackets, without what is said of each: `[a, b(sort: Desc)]`. */
function namesIn(text: string): string[] {
  const list = /\[(.*?)\]/.exec(text.replaceAll(/\([^()]*\)/g, ''))?.[1] ?? ''
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

function nameIn(text: string): string | undefined {
  return /\bname:\s*"([^"]+)"/.exec(text)?.[1] ?? /^\s*"([^"]+)"/.exec(text)?.[1]
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}
