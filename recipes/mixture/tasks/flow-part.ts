import type { Encoder } from '../../../lib/tokenizer/tokenizer.ts'
import type { FlowPart } from '../../flow/workers/threaded-flow.ts'
import type { FoundComponent } from '../../manifest/found.ts'

/** The part of a component that map tasks do. */
export function flowPartOf (component: FoundComponent, tokenizer: Encoder): FlowPart {
  const wants = component.filteredDir === null ? 'nothing' : 'documents'
  const comparesAll = component.dedup !== null
  return { component, keepsRejects: component.rejects !== null, wants, comparesAll, tokenizer }
}
