import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { Check, Column, Entity, PrimaryColumn } from 'typeorm'

/** A row with a name of its own as key: a generated one would be given away again after a rollback. */
@Entity()
@Check(`tag <> 'refused'`)
export class Note {
  @PrimaryColumn({ type: 'text' })
  name!: string

  /** The database refuses the tag `refused`. */
  @Column({ type: 'text', default: '' })
  tag!: string

  @UploadedFileColumn()
  file!: UploadedFile | null
}
