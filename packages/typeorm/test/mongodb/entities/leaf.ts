import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import type { ObjectId } from 'mongodb'
import { Column, Entity, ObjectIdColumn } from 'typeorm'

/** Another view of the documents of pages. */
@Entity('page')
export class Leaf {
  @ObjectIdColumn()
  id!: ObjectId

  @Column()
  name!: string

  @UploadedFileColumn()
  file!: UploadedFile | null
}
