import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import {
  DeleteDateColumn,
  Entity,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm'

/** Has pages of every kind: what becomes of one that leaves it, each kind says in its relation. */
@Entity()
export class Binder {
  @PrimaryGeneratedColumn()
  id!: number

  @OneToMany(() => LoosePage, ({ binder }) => binder, { cascade: true })
  loose!: Relation<LoosePage>[]

  @OneToMany(() => BoundPage, ({ binder }) => binder, { cascade: true })
  bound!: Relation<BoundPage>[]

  @OneToMany(() => DeletedPage, ({ binder }) => binder, { cascade: true })
  deleted!: Relation<DeletedPage>[]

  @OneToMany(() => NumberedPage, ({ binder }) => binder, { cascade: true })
  numbered!: Relation<NumberedPage>[]

  @OneToMany(() => HiddenPage, ({ binder }) => binder, { cascade: true })
  hidden!: Relation<HiddenPage>[]

  @OneToMany(() => StickyPage, ({ binder }) => binder, { cascade: true })
  sticky!: Relation<StickyPage>[]
}

abstract class Page {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  scan!: UploadedFile | null
}

/** TypeORM's default: nullified. */
@Entity()
export class LoosePage extends Page {
  @ManyToOne(() => Binder, ({ loose }) => loose, { nullable: true })
  binder!: Relation<Binder> | null
}

/** The default, where the column cannot be null: deleted, since TypeORM 1.0. */
@Entity()
export class BoundPage extends Page {
  @ManyToOne(() => Binder, ({ bound }) => bound, { nullable: false })
  binder!: Relation<Binder>
}

@Entity()
export class DeletedPage extends Page {
  @ManyToOne(() => Binder, ({ deleted }) => deleted, { orphanedRowAction: 'delete' })
  binder!: Relation<Binder> | null
}

/** Deleted, too, and has a key of two columns. */
@Entity()
export class NumberedPage {
  @PrimaryColumn({ type: 'varchar', length: 10 })
  chapter!: string

  @PrimaryColumn({ type: 'int' })
  number!: number

  @UploadedFileColumn()
  scan!: UploadedFile | null

  @ManyToOne(() => Binder, ({ numbered }) => numbered, { orphanedRowAction: 'delete' })
  binder!: Relation<Binder> | null
}

@Entity()
export class HiddenPage extends Page {
  @DeleteDateColumn()
  deletedAt!: Date | null

  @ManyToOne(() => Binder, ({ hidden }) => hidden, { orphanedRowAction: 'soft-delete' })
  binder!: Relation<Binder> | null
}

@Entity()
export class StickyPage extends Page {
  @ManyToOne(() => Binder, ({ sticky }) => sticky, { orphanedRowAction: 'disable' })
  binder!: Relation<Binder> | null
}
