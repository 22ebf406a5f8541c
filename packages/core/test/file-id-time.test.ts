import { describe, expect, it } from '@jest/globals'
import { newFileId } from '../src/file-id.ts'
import { firstFileIdAt, timeOfFileId } from '../src/file-id-time.ts'
import { thrown } from './support/failure.ts'

describe('timeOfFileId', () => {
  it('is the time at which an id was made', () => {
    const before = Date.now()
    const time = Number(timeOfFileId(newFileId()))

    expect(time).toBeGreaterThanOrEqual(before)
    expect(time).toBeLessThanOrEqual(Date.now() + 1)
  })

  it.each(['9b2f7f3e-4f0d-4f55-a3d4-6c1d63c0b9aa', 'e5ab4b9c-6c1a-11ee-8c99-0242ac120002', 'nonsense', ''])(
    'is not known of %j',
    (id) => {
      expect(timeOfFileId(id)).toBeUndefined()
    },
  )
})

describe('firstFileIdAt', () => {
  it('comes after all ids that are older, and before all others', () => {
    const time = new Date('2026-11-30T12:00:00.123Z')
    const first = firstFileIdAt(time)

    expect(first).toBe('019ad46f-187b-7000-8000-000000000000'.replace(/^.{13}/, first.slice(0, 13)))
    expect(timeOfFileId(first)).toEqual(time)
    expect(firstFileIdAt(new Date(time.getTime() + 1)) > first).toBe(true)
    const id = newFileId()
    expect(firstFileIdAt(timeOfFileId(id) ?? time) <= id).toBe(true)
    expect(firstFileIdAt(new Date(Number(timeOfFileId(id)) + 1)) > id).toBe(true)
  })

  it('stays within what an id has room for', () => {
    expect(firstFileIdAt(new Date(-1))).toBe('00000000-0000-7000-8000-000000000000')
    expect(firstFileIdAt(new Date(8.64e15))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7000-/)
    expect(thrown(() => firstFileIdAt(new Date(NaN)))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
