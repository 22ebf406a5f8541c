import { UploadedFileColumn } from '@filedepot/typeorm'
import { Column, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm'
import { Album } from './album.ts'
import { PhotoImage } from './photo-image.ts'

/** Of each picture, in bytes. */
export const MAX_SIZE = 10_000_000

@Entity()
export class Photo {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'text' })
  caption!: string

  @Column({ type: 'integer' })
  albumId!: number

  // The database deletes the photos of an album with it; their files follow.
  @ManyToOne(() => Album, (album) => album.photos, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'albumId' })
  album!: Relation<Album>

  @UploadedFileColumn({ type: PhotoImage, nullable: false, maxSize: MAX_SIZE })
  image!: PhotoImage
}
