/** What the service answers instead of what was asked for. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    /** The `reason` of the JSON API, or the `Code` of the XML API. */
    readonly reason: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
  }
}
