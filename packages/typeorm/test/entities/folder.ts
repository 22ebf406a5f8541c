import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { Column, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm'

/** Has no file, but the database deletes its folders with it. */
@Entity()
export class Shelf {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 80, unique: true })
  label!: string
}

/** Deleted by the database with its shelf or the folder around it. */
@Entity()
export class Folder {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  scan!: UploadedFile | null

  @ManyToOne(() => Shelf, { onDelete: 'CASCADE', nullable: true })
  @JoinColumn({ name: 'shelf_label', referencedColumnName: 'label' })
  shelf!: Relation<Shelf> | null

  @ManyToOne(() => Folder, { onDelete: 'CASCADE', nullable: true })
  around!: Relation<Folder> | null

  @ManyToOne(() => Shelf, { onDelete: 'SET NULL', nullable: true })
  lentTo!: Relation<Shelf> | null
}
