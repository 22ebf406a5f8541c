import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { Column, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn, Unique, type Relation } from 'typeorm'

/** Others refer to it by two columns that are not its key. */
@Entity()
@Unique(['country', 'code'])
export class Region {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 10 })
  country!: string

  @Column({ type: 'int' })
  code!: number
}

@Entity()
export class Station {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40 })
  name!: string

  @UploadedFileColumn()
  scan!: UploadedFile | null

  @ManyToOne(() => Region, { onDelete: 'CASCADE', nullable: true })
  @JoinColumn([
    { name: 'country', referencedColumnName: 'country' },
    { name: 'code', referencedColumnName: 'code' },
  ])
  region!: Relation<Region> | null
}
