import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { ChildEntity, Column, Entity, PrimaryGeneratedColumn, TableInheritance } from 'typeorm'

/** What an embedded object may hold. */
export class Papers {
  @UploadedFileColumn()
  scan!: UploadedFile | null
}

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
export class Vehicle {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  photo!: UploadedFile | null

  @Column(() => Papers)
  papers!: Papers
}

@ChildEntity()
export class Truck extends Vehicle {
  @UploadedFileColumn()
  load!: UploadedFile | null
}
