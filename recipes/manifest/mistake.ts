/** Where in a manifest something is: keys and indices, from the top. */
export type Place = readonly PropertyKey[]

export interface Mistake {
  readonly place: Place
  /** Whether it's the key that is wrong, or the value. */
  readonly at: 'key' | 'value'
  readonly message: string
}
