import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { DeleteDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm'

/** Deleted softly: the row stays. */
@Entity()
export class Letter {
  @PrimaryGeneratedColumn('uuid')
  id!: string

  @DeleteDateColumn()
  deletedAt!: Date | null

  @UploadedFileColumn()
  scan!: UploadedFile | null
}
