/** A place in a manifest: keys and indices, from the top. */
export type Place = readonly PropertyKey[]

export interface Mistake {
  readonly place: Place
  /** Whether the key or the value is wrong. */
  readonly at: 'key' | 'value'
  readonly message: string
}
