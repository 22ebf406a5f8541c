import 'reflect-metadata'
import { describe, expect, it } from '@jest/globals'
import {
  Exclude,
  Expose,
  instanceToInstance,
  instanceToPlain,
  plainToInstance,
  Type,
} from 'class-transformer'
import { bindManager } from '../../src/upload/manager-binding.ts'
import { readRowValue } from '../../src/upload/row-value.ts'
import { UploadedFile } from '../../src/upload/uploaded-file.ts'
import { thrown } from '../support/failure.ts'
import { fieldsOf } from '../support/fields.ts'
import { memoryDepot } from '../support/storages.ts'

// What becomes of values that programs copy on their way to a client, as docs/json.md says.

class Member {
  id = 1
  avatar: UploadedFile | null = null
  documents: UploadedFile[] = []
}

class FileDto {
  url!: string
  filename!: string
}
Exclude()(FileDto)
Expose()(FileDto.prototype, 'url')
Expose()(FileDto.prototype, 'filename')

class MemberDto {
  id!: number
  avatar!: FileDto | null
  documents!: FileDto[]
}
Type(() => FileDto)(MemberDto.prototype, 'avatar')
Type(() => FileDto)(MemberDto.prototype, 'documents')

async function member() {
  const depot = memoryDepot()
  const one = Object.assign(new Member(), {
    avatar: await depot.upload(UploadedFile.from(Buffer.from('a'), { filename: 'a.txt' })),
    documents: [await depot.upload(UploadedFile.from(Buffer.from('b'), { filename: 'b.txt' }))],
  })
  for (const file of [one.avatar, ...one.documents]) bindManager(file, depot)
  return one
}

const pending = () => Object.assign(new Member(), { avatar: UploadedFile.from(Buffer.from('a')) })
const broken = () => Object.assign(new Member(), { avatar: readRowValue(UploadedFile, 'none') })

describe('class-transformer', () => {
  it('makes values of a class of the program, with what that shows', async () => {
    const one = await member()

    const dto = plainToInstance(MemberDto, one)

    expect(dto.avatar).toBeInstanceOf(FileDto)
    expect(instanceToPlain(dto)).toEqual({
      id: 1,
      avatar: { url: one.avatar.url, filename: 'a.txt' },
      documents: [{ url: one.documents[0]!.url, filename: 'b.txt' }],
    })
    expect(plainToInstance(MemberDto, new Member())).toEqual({ id: 1, avatar: null, documents: [] })
  })

  it('makes plain objects with the fields of the row, and without a URL', async () => {
    const { avatar } = await member()

    expect(instanceToPlain({ avatar })).toEqual({ avatar: fieldsOf(avatar) })
  })

  it.each<[string, (one: Member) => unknown]>([
    ['of values that are to be shown whole', (one) => plainToInstance(Member, one)],
    ['of copies of entities', (one) => instanceToInstance(one)],
  ])('says what to do %s', async (_, transform) => {
    const one = await member()

    expect(thrown(() => transform(one))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('@Type(() => FileDto)') as unknown,
    })
  })
})

describe.each<[string, () => Member, string]>([
  ['pending', pending, 'PENDING_FILE'],
  ['broken', broken, 'INVALID_VALUE'],
])('a %s value', (_, make, code) => {
  it.each<[string, (one: Member) => unknown]>([
    ['instanceToPlain', (one) => instanceToPlain(one)],
    ['plainToInstance', (one) => plainToInstance(MemberDto, one)],
    ['JSON.stringify', (one) => JSON.stringify(one)],
  ])('is refused by %s', (_name, copy) => {
    expect(thrown(() => copy(make()))).toMatchObject({ code })
  })
})

describe('structuredClone', () => {
  it('makes a plain object with the fields of the row, which is no file any more', async () => {
    const { avatar } = await member()

    const clone = structuredClone(avatar)

    expect(clone).toEqual(fieldsOf(avatar))
    expect(clone).not.toBeInstanceOf(UploadedFile)
    expect(UploadedFile.fromJSON(structuredClone(avatar.toJSON())).equals(avatar)).toBe(true)
  })

  it('refuses a pending value by itself, as it has functions', () => {
    expect(() => structuredClone(pending().avatar)).toThrow('could not be cloned')
  })
})
