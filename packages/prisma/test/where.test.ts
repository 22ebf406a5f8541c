import { describe, expect, it } from '@jest/globals'
import { looksAtRowsAlone } from '../src/rows/plan/where.ts'
import type { Model } from '../src/schema/data-model.ts'

const fields = new Map([
  ['title', { relation: undefined }],
  ['author', { relation: { model: 'User' } }],
])
const post = { fields } as unknown as Model

describe('looksAtRowsAlone', () => {
  it.each<[boolean, unknown]>([
    [true, undefined],
    [true, {}],
    [true, { title: { contains: 'a' }, NOT: { title: 'b' } }],
    [false, { author: { name: 'Ada' } }],
    [false, { OR: [{ title: 'a' }, { AND: { author: { is: null } } }] }],
    [false, { NOT: [{ author: {} }] }],
  ])('is %s for %j', (alone, where) => {
    expect(looksAtRowsAlone(post, where)).toBe(alone)
  })
})
