import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm'

/** An entity without files. */
@Entity()
export class Receipt {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'text' })
  number!: string
}
