import { UploadedImage } from '@filedepot/image'

/** A picture as it came, and what is made of it for the pages: three files that belong to one row. */
export class PhotoImage extends UploadedImage.with({
  // What every browser can show.
  formats: ['jpeg', 'png', 'webp', 'gif', 'avif'],
  thumbnails: {
    thumb: { width: 640, height: 480, fit: 'cover' },
    large: { width: 1600, height: 1600 },
  },
}) {}
