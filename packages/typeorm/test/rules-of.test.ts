import 'reflect-metadata'
import { allowTypes, UploadedFile, type FileFilter } from '@filedepot/core'
import type { ColumnRules } from '@filedepot/core/integration'
import { rulesOf, UploadedFileColumn, uploadedFileColumn } from '@filedepot/typeorm'
import { describe, expect, it } from '@jest/globals'
import { Column, Entity, EntitySchema, PrimaryGeneratedColumn } from 'typeorm'

class Photo extends UploadedFile {
  readonly width: number = 1
}

const filters: FileFilter[] = [{ onSave: () => undefined }]
const validators = [allowTypes('image/*')]

class Address {
  @Column() street!: string
  @UploadedFileColumn({ maxSize: 7 }) plan!: UploadedFile | null
}

abstract class Owner {
  @PrimaryGeneratedColumn() id!: number
  @UploadedFileColumn({ array: true, storage: 'documents' }) documents!: UploadedFile[] | null
}

// No data source ever hears of it.
@Entity()
class Person extends Owner {
  @Column() name!: string
  @UploadedFileColumn({ type: Photo, storage: 'photos', maxSize: 5, validators, filters })
  photo?: Photo | null
  @UploadedFileColumn({ type: Photo, array: true }) album!: Photo[] | null
  @Column(() => Address) address!: Address
}

class Nothing {
  readonly id: number = 1
}

const PersonSchema = new EntitySchema<{ id: number; photo: Photo | null; home: { plan: UploadedFile } }>({
  name: 'person',
  columns: {
    id: { type: Number, primary: true, generated: true },
    photo: uploadedFileColumn({ type: Photo, maxSize: 5 }),
  },
  embeddeds: {
    home: {
      schema: new EntitySchema({ name: 'home', columns: { plan: uploadedFileColumn({ storage: 'plans' }) } }),
    },
  },
})

describe('rulesOf', () => {
  it.each<[string, unknown, unknown]>([
    [
      'a column with all of its options',
      rulesOf(Person, 'photo'),
      { type: Photo, storage: 'photos', maxSize: 5, validators, filters, maxFiles: 1 },
    ],
    ['a column of several files', rulesOf(Person, 'album'), { type: Photo, maxFiles: 10 }],
    [
      'a column that is inherited',
      rulesOf(Person, 'documents'),
      { type: UploadedFile, storage: 'documents', maxFiles: 10 },
    ],
    [
      'a column of an embedded object',
      rulesOf(Person, 'address.plan'),
      { type: UploadedFile, maxSize: 7, maxFiles: 1 },
    ],
    ['a column of a schema', rulesOf(PersonSchema, 'photo'), { type: Photo, maxSize: 5, maxFiles: 1 }],
    [
      'a column of an embedded schema',
      rulesOf(PersonSchema, 'home.plan'),
      { type: UploadedFile, storage: 'plans', maxFiles: 1 },
    ],
  ])('has what stands at %s', (_, rules, wanted) => {
    expect(rules).toEqual(wanted)
  })

  it.each<[string, () => unknown, string]>([
    [
      'another column',
      () => rulesOf(Person, 'name' as never),
      'Expected property to be a file column of Person (documents, photo, album, address.plan), got "name" (string)',
    ],
    [
      'no column of a schema',
      () => rulesOf(PersonSchema, 'fhoto' as never),
      'Expected property to be a file column of person (photo, home.plan), got "fhoto" (string)',
    ],
    [
      'no entity',
      () => rulesOf(Nothing as never, 'constructor' as never),
      'Expected property to be a file column of Nothing (it has none), got "constructor" (string)',
    ],
  ])('refuses %s, and lists the columns', (_, read, message) => {
    expect(read).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }))
  })

  it('has the type of the files', () => {
    const photo: ColumnRules<Photo> = rulesOf(Person, 'photo')
    const one: ColumnRules<Photo> = rulesOf(Person, 'album')
    // @ts-expect-error a document is no photo
    const document: ColumnRules<Photo> = rulesOf(Person, 'documents')
    // @ts-expect-error a property without files
    expect(() => rulesOf(Person, 'name')).toThrow()
    expect([photo.type, one.type, document.type]).toEqual([Photo, Photo, UploadedFile])
  })
})
