import type { StoredUpload } from '@filedepot/http'
import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  HttpStatus,
  Param,
  ParseFilePipe,
  ParseIntPipe,
  Post,
  Put,
  StreamableFile,
  UploadedFile,
  UploadedFiles,
  UseInterceptors,
} from '@nestjs/common'
import { FileInterceptor, FilesInterceptor } from '@nestjs/platform-express'
import { NewRecipeDto } from './new-recipe.dto'
import { RecipeDto } from './recipe.dto'
import { RecipesService } from './recipes.service'

@Controller('recipes')
export class RecipesController {
  constructor(private readonly recipes: RecipesService) {}

  @Post()
  @UseInterceptors(FileInterceptor('photo'))
  async create(
    @Body() { name }: NewRecipeDto,
    @UploadedFile(new ParseFilePipe()) photo: StoredUpload,
  ): Promise<RecipeDto> {
    return new RecipeDto(await this.recipes.create(name, photo.uploaded))
  }

  @Post('import')
  @UseInterceptors(FilesInterceptor('photos'))
  async importPhotos(@UploadedFiles(new ParseFilePipe()) photos: StoredUpload[]): Promise<RecipeDto[]> {
    const recipes = await this.recipes.importPhotos(photos.map(({ uploaded }) => uploaded))
    return recipes.map((recipe) => new RecipeDto(recipe))
  }

  @Get(':id')
  async get(@Param('id', ParseIntPipe) id: number): Promise<RecipeDto> {
    return new RecipeDto(await this.recipes.get(id))
  }

  @Get(':id/photo')
  @Header('X-Content-Type-Options', 'nosniff')
  async getPhoto(@Param('id', ParseIntPipe) id: number): Promise<StreamableFile> {
    const photo = await this.recipes.openPhoto(id)
    return new StreamableFile(await photo.stream(), { type: photo.contentType, length: photo.size })
  }

  @Put(':id/photo')
  @UseInterceptors(FileInterceptor('photo'))
  async replacePhoto(
    @Param('id', ParseIntPipe) id: number,
    @UploadedFile(new ParseFilePipe()) photo: StoredUpload,
  ): Promise<RecipeDto> {
    return new RecipeDto(await this.recipes.replacePhoto(id, photo.uploaded))
  }

  @Delete(':id')
  @HttpCode(HttpStatus.NO_CONTENT)
  async remove(@Param('id', ParseIntPipe) id: number): Promise<void> {
    await this.recipes.remove(id)
  }
}
