import 'reflect-metadata'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { depot, LocalBackend } from '@filedepot/core'
import { createFileHandler, multerStorage, toNodeHandler, type StoredUpload } from '@filedepot/http'
import { attachDepot } from '@filedepot/typeorm'
import {
  Body,
  ClassSerializerInterceptor,
  ConflictException,
  Controller,
  Get,
  Module,
  Param,
  ParseFilePipe,
  Post,
  UploadedFile,
  UseInterceptors,
  ValidationPipe,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common'
import { NestFactory, Reflector } from '@nestjs/core'
import { FileInterceptor, MulterModule } from '@nestjs/platform-express'
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm'
import { plainToInstance } from 'class-transformer'
import { DataSource, Repository } from 'typeorm'
import { NewRecipeDto, Recipe, RecipeDto } from './recipe.js'

depot.configure('default', new LocalBackend(mkdtempSync(join(tmpdir(), 'nest-consumer-'))))

@Controller('recipes')
class RecipesController {
  constructor(@InjectRepository(Recipe) private readonly recipes: Repository<Recipe>) {}

  @Post()
  @UseInterceptors(FileInterceptor('photo'))
  async create(
    @Body() { name }: NewRecipeDto,
    @UploadedFile(new ParseFilePipe()) photo: StoredUpload,
  ): Promise<RecipeDto> {
    const recipe = this.recipes.create({ name, photo: photo.uploaded })
    const saved = await this.recipes.save(recipe).catch((cause: unknown) => {
      throw new ConflictException('there is one with this name', { cause })
    })
    return plainToInstance(RecipeDto, saved)
  }

  // The entity as it is, by the interceptor that makes plain objects of classes.
  @Get(':id')
  async get(@Param('id') id: string): Promise<Recipe> {
    return await this.recipes.findOneByOrFail({ id: Number(id) })
  }
}

@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      useFactory: () => ({
        type: 'better-sqlite3',
        database: ':memory:',
        autoLoadEntities: true,
        synchronize: true,
      }),
      dataSourceFactory: async (options) => attachDepot(new DataSource(options!), depot).initialize(),
    }),
    TypeOrmModule.forFeature([Recipe]),
    MulterModule.register({ storage: multerStorage({ maxSize: 1_000_000 }) }),
  ],
  controllers: [RecipesController],
})
class AppModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(toNodeHandler(createFileHandler(depot, { public: true }))).forRoutes('depot/*path')
  }
}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: false })
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }))
  app.useGlobalInterceptors(new ClassSerializerInterceptor(app.get(Reflector)))
  await app.listen(0, '127.0.0.1')
  const url = await app.getUrl()
  const post = (name: string, bytes: string): Promise<Response> => {
    const form = new FormData()
    form.set('name', name)
    form.set('photo', new Blob([bytes]), 'soup.txt')
    return fetch(`${url}/recipes`, { method: 'POST', body: form })
  }
  const created = await post('Soup', 'hello')
  const { photo } = (await created.json()) as RecipeDto
  const text = await (await fetch(new URL(photo!.url, url))).text()
  const { photo: plain } = (await (await fetch(`${url}/recipes/1`)).json()) as { photo: { filename: string } }
  const taken = (await post('Soup', 'good bye')).status
  const invalid = (await post('', 'good bye')).status
  await app.close()
  let files = 0
  for await (const _ of depot.get().list()) files++
  console.log(
    JSON.stringify({ created: created.status, text, filename: plain.filename, taken, invalid, files }),
  )
}

void main()
