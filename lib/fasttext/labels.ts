/** Names, as many as fit a message. */
const MOST = 200

/** What is said of a label that a model doesn't have. */
export function unknownLabel (path: string, label: string, labels: readonly string[]): string {
  const more = labels.length > MOST ? ` and ${labels.length - MOST} more` : ''
  return `${path}: has no label ${JSON.stringify(label)}; it has ${labels.slice(0, MOST).join(', ')}${more}`
}
