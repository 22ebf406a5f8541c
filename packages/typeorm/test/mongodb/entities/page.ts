import type { ObjectId } from 'mongodb'
import { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { Column, DeleteDateColumn, Entity, Index, ObjectIdColumn } from 'typeorm'

/** An upload type of its own. */
export class Scan extends UploadedFile {}

export class Cover {
  @Column()
  title!: string

  @UploadedFileColumn()
  picture!: UploadedFile | null
}

@Entity()
export class Page {
  @ObjectIdColumn()
  id!: ObjectId

  @Column()
  @Index({ unique: true })
  name!: string

  @Column()
  views?: number

  @UploadedFileColumn()
  file!: UploadedFile | null

  @UploadedFileColumn({ type: Scan, storage: 'attachments' })
  scan?: Scan | null

  @UploadedFileColumn({ array: true })
  notes?: UploadedFile[] | null

  @Column(() => Cover)
  cover?: Cover | null

  @DeleteDateColumn()
  deletedAt?: Date | null
}
