import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { fitImage } from '../src/geometry.ts'

const side = fc.integer({ min: 1, max: 20_000 })
const size = fc.record({ width: side, height: side })
const fit = fc.constantFrom('inside' as const, 'cover' as const, 'contain' as const)

describe('fitImage', () => {
  it('never enlarges, and never leaves nothing', () => {
    fc.assert(
      fc.property(size, size, fit, (image, box, how) => {
        const { scale, frame, canvas } = fitImage(image, { ...box, fit: how })

        expect(scale).toBeGreaterThan(0)
        expect(scale).toBeLessThanOrEqual(1)
        for (const axis of ['width', 'height'] as const) {
          expect(frame[axis]).toBe(Math.max(1, Math.round(image[axis] * scale)))
          expect(canvas[axis]).toBeGreaterThanOrEqual(1)
          expect(canvas[axis]).toBeLessThanOrEqual(box[axis])
        }
      }),
    )
  })

  it('keeps the whole image inside of the box, and touches it unless the image is smaller', () => {
    fc.assert(
      fc.property(size, size, (image, box) => {
        const { frame, canvas } = fitImage(image, box)

        expect(canvas).toEqual(frame)
        const touches = frame.width === box.width || frame.height === box.height
        expect(touches || (frame.width === image.width && frame.height === image.height)).toBe(true)
      }),
    )
  })

  it('fills what is cut: the frame covers the canvas, whose proportions are those of the box', () => {
    fc.assert(
      fc.property(size, size, (image, box) => {
        const { frame, canvas } = fitImage(image, { ...box, fit: 'cover' })

        expect(frame.width).toBeGreaterThanOrEqual(canvas.width)
        expect(frame.height).toBeGreaterThanOrEqual(canvas.height)
        const enough = image.width >= box.width && image.height >= box.height
        if (enough) expect(canvas).toEqual(box)
        // As near as whole pixels can be, where they are not rounded up to one.
        else if (Math.min(canvas.width, canvas.height) > 1) {
          const [wanted, got] = [box.width / box.height, canvas.width / canvas.height]
          expect(Math.abs(got / wanted - 1)).toBeLessThan(1 / Math.min(canvas.width, canvas.height))
        }
      }),
    )
  })

  it('pads to the box itself', () => {
    fc.assert(
      fc.property(size, size, (image, box) => {
        const { frame, canvas } = fitImage(image, { ...box, fit: 'contain' })

        expect(canvas).toEqual(box)
        expect(frame).toEqual(fitImage(image, box).frame)
      }),
    )
  })
})
