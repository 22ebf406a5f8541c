import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm'

/** Has any number of tags, and cascades everything to them. */
@Entity()
export class Picture {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  image!: UploadedFile | null

  @DeleteDateColumn()
  deletedAt!: Date | null

  @ManyToMany(() => Tag, ({ pictures }) => pictures, { cascade: true })
  @JoinTable()
  tags!: Relation<Tag>[]
}

@Entity()
export class Tag {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40 })
  name!: string

  @UploadedFileColumn()
  icon!: UploadedFile | null

  @DeleteDateColumn()
  deletedAt!: Date | null

  @ManyToMany(() => Picture, ({ tags }) => tags)
  pictures!: Relation<Picture>[]
}
