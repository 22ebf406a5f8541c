import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { BaseEntity, Column, Entity, PrimaryGeneratedColumn } from 'typeorm'

/** Saves and removes itself. */
@Entity()
export class Memo extends BaseEntity {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40, unique: true })
  name!: string

  @UploadedFileColumn()
  scan!: UploadedFile | null
}
