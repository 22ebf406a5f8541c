import { allowTypes, type UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm'

@Entity()
export class Recipe {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'text', unique: true })
  name!: string

  // Not image/*: an SVG can hold a script, which would run where the photo is shown.
  @UploadedFileColumn({
    nullable: false,
    maxSize: 1_000_000,
    validators: [allowTypes('image/jpeg', 'image/png', 'image/webp')],
  })
  photo!: UploadedFile
}
