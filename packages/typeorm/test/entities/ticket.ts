import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { Column, Entity, ManyToOne, PrimaryGeneratedColumn, Unique, type Relation } from 'typeorm'

/** Has unique keys of its own: one of one column, one of two. */
@Entity()
@Unique(['train', 'seat'])
export class Ticket {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40, unique: true })
  number!: string

  @Column({ type: 'varchar', length: 40, nullable: true })
  train!: string | null

  @Column({ type: 'int', nullable: true })
  seat!: number | null

  @UploadedFileColumn()
  scan!: UploadedFile | null

  @UploadedFileColumn({ array: true, storage: 'attachments' })
  extras!: UploadedFile[] | null

  /** The database does not let a ticket go that another one names here. */
  @ManyToOne(() => Ticket, { nullable: true })
  before?: Relation<Ticket> | null
}
