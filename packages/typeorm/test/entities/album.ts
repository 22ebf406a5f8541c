import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import {
  Column,
  Entity,
  JoinColumn,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm'

/** Cascades everything to its photos; a photo that leaves the album is deleted. */
@Entity()
export class Album {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 80, default: 'holidays' })
  title!: string

  @OneToMany(() => Photo, (photo) => photo.album, { cascade: true })
  photos!: Relation<Photo>[]

  @OneToOne(() => Cover, { cascade: true, nullable: true })
  @JoinColumn()
  cover!: Relation<Cover> | null
}

@Entity()
export class Photo {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  image!: UploadedFile | null

  @ManyToOne(() => Album, (album) => album.photos, { orphanedRowAction: 'delete', nullable: false })
  album!: Relation<Album>
}

@Entity()
export class Cover {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  image!: UploadedFile | null
}
