import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm'

@Entity('photos')
export class Photo {
  @PrimaryGeneratedColumn()
  id!: number

  // Its type comes from the metadata of decorators.
  @Column()
  title!: string

  @UploadedFileColumn()
  image!: UploadedFile | null
}
