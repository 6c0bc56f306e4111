import type { Row } from '../frame/row.ts'
import { ENCODING_ROWS } from './encoding.ts'
import { FLOW_ROWS } from './flows.ts'
import { LOADING_ROWS } from './loading.ts'
import { SOURCE_ROWS } from './sources.ts'
import { STAGE_ROWS } from './stages.ts'

/** All rows, in the order in which documents meet the stages; then whole flows. */
export const ROWS: readonly Row[] = [
  ...SOURCE_ROWS, ...STAGE_ROWS, ...ENCODING_ROWS, ...LOADING_ROWS, ...FLOW_ROWS
]
