/** The maximum number of labels in a message. */
const MAX_SHOWN = 200

/** A message about a label that a model doesn't have. */
export function unknownLabel (path: string, label: string, labels: readonly string[]): string {
  const more = labels.length > MAX_SHOWN ? ` and ${labels.length - MAX_SHOWN} more` : ''
  return `${path}: has no label ${JSON.stringify(label)}; it has ${labels.slice(0, MAX_SHOWN).join(', ')}${more}`
}
