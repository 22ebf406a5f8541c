import { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { Exclude, Expose, Type } from 'class-transformer'
import { IsString, Length } from 'class-validator'
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm'

@Entity()
export class Recipe {
  @PrimaryGeneratedColumn() id!: number

  @Column({ unique: true }) name!: string

  @UploadedFileColumn({ maxSize: 1_000_000, nullable: true }) photo!: UploadedFile | null
}

/** What a form brings. */
export class NewRecipeDto {
  @IsString()
  @Length(1, 100)
  name!: string
}

/** What clients see of a file. */
@Exclude()
export class FileDto {
  @Expose() filename!: string
  @Expose() url!: string
}

/** What clients see. */
@Exclude()
export class RecipeDto {
  @Expose() id!: number
  @Expose() name!: string

  @Expose()
  @Type(() => FileDto)
  photo!: FileDto | null
}
