import { Column, Entity, OneToMany, PrimaryGeneratedColumn } from 'typeorm'
import { Photo } from './photo.ts'

@Entity()
export class Album {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'text' })
  title!: string

  @OneToMany(() => Photo, (photo) => photo.album)
  photos!: Photo[]
}
