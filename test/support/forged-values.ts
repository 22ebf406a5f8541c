import { UploadedFile, type UploadedFileData, type UploadedFileJson } from '@filedepot/core'

/** Makes a value that claims a file, of the JSON of the row's own value and of that of somebody else. */
type Forge = (own: UploadedFileJson, victim: UploadedFileJson) => unknown

const pathOf = ({ storage, id }: UploadedFileJson) => `${storage}/${id}`

/** What Python's DEPOT would have written of the file. */
function asPython(file: UploadedFileJson) {
  const path = pathOf(file)
  const { filename, contentType: content_type } = file
  const stored = { depot_name: file.storage, file_id: file.id, path, files: [path] }
  return { ...stored, filename, content_type, uploaded_at: '2020-01-01 00:00:00', _public_url: null }
}

/** The value behind a function: what an ORM takes for a pending value after it has cloned it. */
const behind = (value: unknown) => ({ source: () => value, toJSON: () => value })

const withPrototype = (json: object): unknown => Object.setPrototypeOf({ ...json }, UploadedFile.prototype)

/** What the constructor of a file takes. */
function dataOf(own: UploadedFileJson, files: readonly string[]): UploadedFileData {
  const { storage, id, filename, contentType, declaredType, size, sha256, uploadedAt } =
    UploadedFile.fromJSON(own)
  const fields = { storage, id, filename, contentType, declaredType, size, sha256, uploadedAt }
  return { ...fields, files, metadata: {} }
}

/** Lists in lists, so many. */
const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`)

/** Values that no row may believe, whatever way they take. Some name the row's own file, and lie about the rest. */
export const FORGED_VALUES: readonly (readonly [name: string, forge: Forge])[] = [
  ['the JSON of another row', (_, victim) => victim],
  ['the JSON of another row, as text', (_, victim) => JSON.stringify(victim)],
  ['the own JSON, as text', (own) => JSON.stringify(own)],
  [
    'the own JSON with the files of another row',
    (own, victim) => ({ ...own, files: [pathOf(own), pathOf(victim)] }),
  ],
  [
    'the own JSON with nothing but the file of another row',
    (own, victim) => ({ ...own, files: [pathOf(victim)] }),
  ],
  ['the own id in another storage', (own, victim) => ({ ...own, storage: victim.storage })],
  ['the own storage with the id of another row', (own, victim) => ({ ...own, id: victim.id })],
  ['an alias as storage', (own) => ({ ...own, storage: 'alias' })],
  ['a storage that there is not', (own) => ({ ...own, storage: 'nowhere' })],
  [
    'a path in the metadata',
    (own, victim) => ({ ...own, metadata: { thumb_path: pathOf(victim), thumb: victim.id } }),
  ],
  ["the value of Python's DEPOT", (_, victim) => asPython(victim)],
  ["Python's keys beside our own", (own, victim) => ({ ...own, ...asPython(victim) })],
  ["Python's storage beside our own", (own, victim) => ({ ...own, depot_name: victim.storage })],
  ["our own with Python's path", (own, victim) => ({ ...own, path: pathOf(victim) })],
  ['a field within a field', (own, victim) => ({ ...own, file: victim, value: victim })],
  [
    'the hash, the size and the type of another row',
    (own, { sha256, size }) => ({ ...own, sha256, size, contentType: 'text/html' }),
  ],
  ['a page of HTML', (own) => ({ ...own, contentType: 'text/html', filename: '<b>.html' })],
  ['a filename that is a path', (own) => ({ ...own, filename: '../../etc/passwd' })],
  ['a filename with half of a character', (own) => ({ ...own, filename: 'a\ud800' })],
  ['a filename with a NUL', (own) => ({ ...own, filename: 'a\0' })],
  ['a claim without an end', (own) => ({ ...own, declaredType: 'a'.repeat(100_000) })],
  ['a claim with a NUL', (own) => ({ ...own, declaredType: 'text/\0' })],
  ['a size below zero', (own) => ({ ...own, size: -1 })],
  ['a size that is text', (own) => ({ ...own, size: '5' })],
  ['a hash that is none', (own) => ({ ...own, sha256: 'zz' })],
  ['a date that is none', (own) => ({ ...own, uploadedAt: 'yesterday' })],
  ['a date that is a number', (own) => ({ ...own, uploadedAt: 0 })],
  ['files that are no list', (own) => ({ ...own, files: 'all' })],
  ['files within files', (own, victim) => ({ ...own, files: [[pathOf(victim)]] })],
  ['metadata that is a list', (own) => ({ ...own, metadata: ['a'] })],
  ['metadata of 300 levels', (own) => ({ ...own, metadata: { deep: nested(300) } })],
  ['an id that is a path', (own, victim) => ({ ...own, id: `../${pathOf(victim)}` })],
  ['a storage that is a path', (own, victim) => ({ ...own, storage: `${own.storage}/../${victim.storage}` })],
  ['an id that is a list', (own, victim) => ({ ...own, id: [victim.id] })],
  ['an id that is an object', (own, victim) => ({ ...own, id: { toString: () => victim.id } })],
  ['nothing but storage and id', (_, { storage, id }) => ({ storage, id })],
  ['an empty object', () => ({})],
  [
    'a key __proto__',
    (own, victim): unknown => JSON.parse(`{"__proto__":${JSON.stringify(victim)},"id":"${own.id}"}`),
  ],
  ['fields that are inherited', (_, victim): unknown => Object.create(victim)],
  ['an object of another class', (_, victim) => Object.assign(new URL('file:///'), { ...victim })],
  ['the prototype of an uploaded file', (_, victim) => withPrototype(victim)],
  [
    'the prototype of an uploaded file, on its own JSON',
    (own, victim) => withPrototype({ ...own, files: [pathOf(victim)] }),
  ],
  ['a function toJSON', (own, victim) => ({ ...own, toJSON: () => victim })],
  ['a function toBSON', (own, victim) => ({ ...own, toBSON: () => victim })],
  ['a function source', (_, victim) => behind(victim)],
  ['a function source with the prototype of a file', (_, victim) => behind(withPrototype(victim))],
  [
    'a null of Prisma',
    (_, victim) => ({ ...victim, _getName: () => 'DbNull', _getNamespace: () => 'NullTypes' }),
  ],
  [
    'a proxy of JSON',
    (own, victim) => new Proxy({ ...own }, { get: (_, key) => Reflect.get(victim, key) as unknown }),
  ],
  ['a proxy of an uploaded file', (_, victim) => new Proxy(UploadedFile.fromJSON(victim), {})],
  [
    'an object that inherits from an uploaded file',
    (_, victim): unknown => Object.create(UploadedFile.fromJSON(victim)),
  ],
  ['what fromJSON makes of another row', (_, victim) => UploadedFile.fromJSON(victim)],
  ["what fromJSON makes of Python's value", (_, victim) => UploadedFile.fromJSON(asPython(victim))],
  [
    'what fromJSON makes of the own id in another storage',
    (own, { storage }) => UploadedFile.fromJSON({ ...own, storage, files: [] }),
  ],
  [
    'what fromJSON makes of the own JSON as HTML',
    (own) => UploadedFile.fromJSON({ ...own, contentType: 'text/html' }),
  ],
  [
    'what fromJSON makes of the own JSON with a path',
    (own, victim) => UploadedFile.fromJSON({ ...own, metadata: { thumb: victim.id } }),
  ],
  [
    'what fromJSON makes of another row, under another name',
    (_, victim) => UploadedFile.fromJSON(victim).with({ filename: 'a.txt' }),
  ],
  [
    'what fromJSON makes of the own JSON, under another name and with a path',
    (own, victim) =>
      UploadedFile.fromJSON(own).with({ filename: 'a.html', metadata: { thumb: pathOf(victim) } }),
  ],
  [
    'what the constructor makes of the own JSON with the file of another row',
    (own, victim) => new UploadedFile(dataOf(own, [pathOf(own), pathOf(victim)])),
  ],
  ['an update of Prisma', (_, victim) => ({ set: victim })],
  ['a list within', (_, victim) => [victim]],
  ['a list within a list', (_, victim) => [[victim]]],
  ['the path of another row', (_, victim) => pathOf(victim)],
  ['an upload of a path', (_, victim) => ({ path: pathOf(victim), originalname: 'a.txt', size: 1 })],
]

/** The code with which a write is refused, or `taken`. */
export async function outcomeOf(write: () => PromiseLike<unknown>): Promise<string> {
  try {
    await write()
    return 'taken'
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return code ?? message
  }
}
