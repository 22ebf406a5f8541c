import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { Column, Entity, ManyToOne, PrimaryColumn, type Relation } from 'typeorm'

/** A row with a name of its own as key: a generated one would be given away again after a rollback. */
@Entity()
export class Note {
  @PrimaryColumn({ type: 'varchar', length: 40 })
  name!: string

  /** What the file says, so that a row with another's file can be told. */
  @Column({ type: 'varchar', length: 80, default: '' })
  text!: string

  @UploadedFileColumn()
  file!: UploadedFile | null

  /** The database deletes the note with it. */
  @ManyToOne(() => Note, { onDelete: 'CASCADE', nullable: true })
  parent?: Relation<Note> | null
}
