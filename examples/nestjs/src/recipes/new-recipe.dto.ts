import { IsString, Length } from 'class-validator'

/** The fields of the form that come with a photo. */
export class NewRecipeDto {
  @IsString()
  @Length(1, 100)
  name!: string
}
