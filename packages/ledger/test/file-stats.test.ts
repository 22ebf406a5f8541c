import { describe, expect, it } from '@jest/globals'
import { fileStats, type FileRow } from '@filedepot/ledger'

const DAY = 24 * 60 * 60 * 1000

function value(storage: string, size: number, { days = 0, type = 'image/png', thumb = 0 } = {}) {
  const [id, thumbId] = [crypto.randomUUID(), crypto.randomUUID()]
  return {
    ...{ storage, id, filename: `${size}.png`, contentType: type, size },
    uploadedAt: new Date(Date.now() - days * DAY).toISOString(),
    files: [`${storage}/${id}`, ...(thumb > 0 ? [`${storage}/${thumbId}`] : [])],
    ...(thumb > 0 && { metadata: { thumbnails: { thumb: { id: thumbId, size: thumb } } } }),
  }
}

async function* rowsOf(rows: readonly Pick<FileRow, 'column' | 'value'>[]): AsyncGenerator<FileRow> {
  for (const [id, row] of rows.entries()) yield await Promise.resolve({ table: 'users', key: { id }, ...row })
}

describe('fileStats', () => {
  it('counts files and bytes, and names the largest', async () => {
    const [a, b] = [value('disk', 10, { thumb: 3 }), value('cloud', 20, { days: 40 })]
    const c = value('disk', 5, { days: 3, type: 'text/plain' })
    const rows = [
      { column: 'photo', value: JSON.stringify(a) },
      { column: 'pages', value: JSON.stringify([b, c]) },
      { column: 'photo', value: a },
      { column: 'photo', value: null },
      { column: 'photo', value: 'nonsense' },
    ]

    const { largest, ...counts } = await fileStats({ values: () => rowsOf(rows) }, { largest: 2 })

    expect(counts).toEqual({
      ...{ values: 5, unreadable: 1, files: 6, bytes: 51 },
      byStorage: { disk: { files: 5, bytes: 31 }, cloud: { files: 1, bytes: 20 } },
      byColumn: { 'users.photo': { files: 4, bytes: 26 }, 'users.pages': { files: 2, bytes: 25 } },
      byType: { 'image/png': { files: 5, bytes: 46 }, 'text/plain': { files: 1, bytes: 5 } },
      byAge: {
        day: { files: 4, bytes: 26 },
        week: { files: 1, bytes: 5 },
        month: { files: 0, bytes: 0 },
        year: { files: 1, bytes: 20 },
        older: { files: 0, bytes: 0 },
      },
    })
    expect(largest.map(({ path, size, key }) => ({ path, size, key }))).toEqual([
      { path: b.files[0], size: 20, key: { id: 1 } },
      { path: a.files[0], size: 10, key: { id: 0 } },
    ])
  })

  it('ends with the signal', async () => {
    const rows = { values: () => rowsOf([{ column: 'photo', value: value('disk', 1) }]) }

    await expect(fileStats(rows, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
  })
})
