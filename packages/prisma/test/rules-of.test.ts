import { allowTypes, UploadedFile } from '@filedepot/core'
import type { ColumnRules } from '@filedepot/core/integration'
import { rulesOf } from '@filedepot/prisma'
import { describe, expect, it } from '@jest/globals'

class Photo extends UploadedFile {
  readonly width: number = 1
}

const validators = [allowTypes('image/*')]
const models = {
  user: {
    avatar: { type: Photo, storage: 'photos', maxSize: 5, validators, nullable: false },
    documents: [UploadedFile],
    album: { type: [Photo], maxSize: 7 },
  },
  post: { cover: Photo },
} as const

describe('rulesOf', () => {
  it.each<[string, unknown, unknown]>([
    [
      'a field with options',
      rulesOf(models, 'user', 'avatar'),
      { type: Photo, storage: 'photos', maxSize: 5, validators, maxFiles: 1 },
    ],
    ['a list', rulesOf(models, 'user', 'documents'), { type: UploadedFile, maxFiles: 10 }],
    ['a list with options', rulesOf(models, 'user', 'album'), { type: Photo, maxSize: 7, maxFiles: 10 }],
    ['a type alone', rulesOf(models, 'post', 'cover'), { type: Photo, maxFiles: 1 }],
  ])('has what is said of %s', (_, rules, wanted) => {
    expect(rules).toEqual(wanted)
  })

  it.each<[string, () => unknown, string]>([
    [
      'a field that is not there',
      () => rulesOf(models, 'user', 'name' as never),
      'Expected field to be a file field of user (avatar, documents, album), got "name" (string)',
    ],
    [
      'what objects inherit',
      () => rulesOf(models, 'post', 'constructor' as never),
      'Expected field to be a file field of post (cover), got "constructor" (string)',
    ],
    [
      'a model that is not there',
      () => rulesOf(models, 'usr' as never, 'avatar' as never),
      'Expected model to be one of user, post, got "usr" (string)',
    ],
  ])('refuses %s, and lists what there is', (_, read, message) => {
    expect(read).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }))
  })

  it('has the type of the files', () => {
    const avatar: ColumnRules<Photo> = rulesOf(models, 'user', 'avatar')
    const album: ColumnRules<Photo> = rulesOf(models, 'user', 'album')
    // @ts-expect-error a document is no photo
    const document: ColumnRules<Photo> = rulesOf(models, 'user', 'documents')
    // @ts-expect-error no such field
    expect(() => rulesOf(models, 'user', 'name')).toThrow()
    expect([avatar.type, album.type, document.type]).toEqual([Photo, Photo, UploadedFile])
  })
})
