import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { Entity, ManyToOne, PrimaryColumn, PrimaryGeneratedColumn, type Relation } from 'typeorm'

/** Has a key of two columns, by which others refer to it. */
@Entity()
export class Carriage {
  @PrimaryColumn({ type: 'varchar', length: 10 })
  train!: string

  @PrimaryColumn({ type: 'int' })
  number!: number

  @UploadedFileColumn()
  plan!: UploadedFile | null
}

@Entity()
export class Berth {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  scan!: UploadedFile | null

  @ManyToOne(() => Carriage, { onDelete: 'CASCADE' })
  carriage!: Relation<Carriage>
}
