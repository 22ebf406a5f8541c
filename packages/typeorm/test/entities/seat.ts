import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { Column, Entity, PrimaryColumn } from 'typeorm'

/** Has a key of two columns, which the application gives, and a unique one. */
@Entity()
export class Seat {
  @PrimaryColumn({ type: 'varchar', length: 10 })
  row!: string

  @PrimaryColumn({ type: 'int' })
  place!: number

  @Column({ type: 'varchar', length: 10, nullable: true, unique: true })
  code!: string | null

  @UploadedFileColumn()
  plan!: UploadedFile | null
}
