import { expect, it } from '@jest/globals'
import { rowsWithFile, type FileRow, type FileRows } from '@filedepot/ledger'

const PATH = 'default/01890a5d-ac96-774b-bcce-b302099a8057'
const OTHER = 'default/01890a5d-ac96-774b-bcce-b302099a8058'

function rows(values: readonly unknown[]): FileRows {
  return {
    async *values() {
      await Promise.resolve()
      for (const [id, value] of values.entries())
        yield { table: 'photos', column: 'image', key: { id }, value } satisfies FileRow
    },
  }
}

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

it('finds rows by their file, one of several and a thumbnail, in text and in JSON', async () => {
  const own = { storage: 'default', id: PATH.slice('default/'.length) }
  const other = { storage: 'default', id: OTHER.slice('default/'.length) }
  const values = [
    own,
    JSON.stringify([other, own]),
    { ...other, files: [OTHER, PATH] },
    other,
    null,
    'no JSON',
  ]

  const found = await collected(rowsWithFile(rows(values), PATH))

  expect(found).toEqual([0, 1, 2].map((id) => ({ table: 'photos', column: 'image', key: { id } })))
})

it('says how many values it has read', async () => {
  const read: number[] = []

  const found = rowsWithFile(rows(Array.from({ length: 2500 }, () => null)), PATH, {
    onProgress: (values) => read.push(values),
  })

  expect(await collected(found)).toEqual([])
  expect(read).toEqual([1000, 2000])
})
