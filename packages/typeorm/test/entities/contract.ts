import { allowTypes, UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm'

/** An upload type of its own. */
export class Scan extends UploadedFile {}

/** A row whose columns have rules for their files. */
@Entity()
export class Contract {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 80, default: 'untitled' })
  title!: string

  @UploadedFileColumn({ storage: 'attachments', maxSize: 10, validators: [allowTypes('text/plain')] })
  text!: UploadedFile | null

  @UploadedFileColumn({ type: Scan, storage: 'attachments' })
  scan!: Scan | null

  @UploadedFileColumn({ array: true, storage: 'attachments', maxSize: 10 })
  annexes!: UploadedFile[] | null

  @UploadedFileColumn()
  anything!: UploadedFile | null
}
