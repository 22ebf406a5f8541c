import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import {
  ChildEntity,
  Column,
  Entity,
  ManyToOne,
  PrimaryGeneratedColumn,
  TableInheritance,
  type Relation,
} from 'typeorm'

/** Has no file; its boats go with it. */
@Entity()
export class Harbour {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40 })
  name!: string
}

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
export class Craft {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  photo!: UploadedFile | null
}

/** Its foreign key is the subclass's own. */
@ChildEntity()
export class Boat extends Craft {
  @UploadedFileColumn()
  sail!: UploadedFile | null

  @ManyToOne(() => Harbour, { onDelete: 'CASCADE' })
  harbour!: Relation<Harbour>
}

/** Goes with its boat. */
@Entity()
export class Trip {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  log!: UploadedFile | null

  @ManyToOne(() => Boat, { onDelete: 'CASCADE' })
  boat!: Relation<Boat>
}
