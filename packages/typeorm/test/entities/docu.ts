import { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import {
  ChildEntity,
  Column,
  Entity,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  TableInheritance,
  type Relation,
} from 'typeorm'

/** An upload type of its own. */
export class Contract extends UploadedFile {}

/** As in the tests of Python's DEPOT. */
@Entity('docu')
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
export class Docu {
  @PrimaryGeneratedColumn()
  uid!: number

  @Column({ type: 'varchar', length: 16, unique: true })
  name!: string

  @UploadedFileColumn({ name: 'content_col' })
  content!: UploadedFile | null

  @UploadedFileColumn({ type: Contract })
  contract!: Contract | null

  @UploadedFileColumn({ storage: 'another_alias' })
  targeted!: UploadedFile | null

  @ManyToOne(() => Directory, (directory) => directory.files, { nullable: true, orphanedRowAction: 'delete' })
  directory!: Relation<Directory> | null
}

@ChildEntity()
export class ExtendedDocu extends Docu {
  @Column({ type: 'varchar', length: 16, nullable: true })
  extra!: string | null
}

@Entity('directory')
export class Directory {
  @PrimaryGeneratedColumn()
  uid!: number

  @OneToMany(() => Docu, (docu) => docu.directory, { cascade: true })
  files!: Relation<Docu>[]
}
