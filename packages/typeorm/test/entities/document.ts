import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm'

/** One row, one file; and several more in a second column. */
@Entity()
export class Document {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 80, default: 'untitled' })
  title!: string

  @UploadedFileColumn()
  content!: UploadedFile | null

  @UploadedFileColumn({ array: true, storage: 'attachments' })
  attachments!: UploadedFile[] | null
}
