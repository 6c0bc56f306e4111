/** The types of the package's exports, checked by `npm run typecheck`: a wrong line doesn't compile. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type * as sluice from '../recipes/index.ts'
import type * as fasttext from '../lib/fasttext/index.ts'
import type * as hub from '../lib/hub/index.ts'
import type * as npy from '../lib/shards/npy.ts'
import type * as sentencepiece from '../lib/sentencepiece/index.ts'

type IsAny<T> = 0 extends 1 & T ? true : false
/** Whether two types are the same; `any` equals only itself. */
type Same<A, B> = [A, B, IsAny<A>] extends [B, A, IsAny<B>] ? true : false
type Expect<T extends true> = T
type S = typeof sluice
/** The result of a function, awaited. */
type Given<F> = F extends (...args: never) => infer R ? Awaited<R> : never

type DocumentStage = sluice.Stage<sluice.Document, sluice.Document>

/** One line per function. */
export type Functions = [
  Expect<Same<Given<S['arrow' | 'csv' | 'hf' | 'ndjson' | 'parquet' | 'textLines']>, sluice.RecordSource>>,
  Expect<Same<Given<S['openRanges']>, sluice.ByteRanges>>,
  Expect<Same<Given<S['classify' | 'language' | 'length' | 'normalize']>, DocumentStage>>,
  Expect<Same<Given<S['dedup']>, sluice.Stage<sluice.Document, sluice.Document, sluice.DedupState>>>,
  Expect<Same<Given<S['encode']>, sluice.Stage<sluice.Document, sluice.Tokens>>>,
  Expect<Same<Given<S['pack']>, sluice.PackStage>>,
  Expect<Same<Given<S['ndjsonSink']>, sluice.LineSink<sluice.Document | sluice.Tokens | sluice.Sequence>>>,
  Expect<Same<Given<S['textSink']>, sluice.LineSink<sluice.Document>>>,
  Expect<Same<Given<S['npySink']>, sluice.NpySink>>,
  Expect<Same<Given<S['flatSink']>, sluice.FlatSink>>,
  Expect<Same<Given<S['rowSink']>, sluice.RowSink>>,
  Expect<Same<Given<S['parquetSink']>, sluice.ParquetSink>>,
  Expect<Same<Given<S['openShards']>, sluice.ShardSet>>,
  Expect<Same<Given<S['shardStatistics']>, sluice.ShardStatistics>>,
  Expect<Same<Given<S['shardRows']>, AsyncGenerator<sluice.ShardRow>>>,
  Expect<Same<Given<S['shardDocuments']>, AsyncGenerator<sluice.Document>>>,
  Expect<Same<Given<S['loadTokenizer']>, sluice.Tokenizer>>,
  Expect<Same<Given<S['loadDecoder']>, sluice.Decoder>>,
  Expect<Same<Given<S['measureCoverage']>, sluice.Coverage>>,
  Expect<Same<Given<S['compareCoverage']>, sluice.CoverageComparison>>,
  Expect<Same<Given<S['trainUnigram']>, sluice.TrainedTokenizer>>,
  Expect<Same<Given<S['licenseTerms' | 'strictestTerms']>, sluice.LicenseTerms>>,
  Expect<Same<Given<S['reportLicenses']>, sluice.LicensesReport>>,
  Expect<Same<Given<S['filterCorpus']>, sluice.FilterCorpusStats>>,
  Expect<Same<Given<S['exportConfig']>, sluice.ExportedConfig>>,
  Expect<Same<Given<S['exportShards']>, sluice.ExportStats>>,
  Expect<Same<Given<S['shardCorpus']>, sluice.ComponentStats | sluice.PullStats>>,
  Expect<Same<Given<S['checkCoverage']>, sluice.CoverageReport>>,
  Expect<Same<Given<S['checkTokenizer']>, sluice.TokenizerRecord>>,
  Expect<Same<Given<S['trainTokenizer']>, sluice.TrainedStats>>,
  Expect<Same<Given<S['initManifest']>, sluice.InitReport>>,
  Expect<Same<Given<S['inspectShards']>, sluice.InspectReport | sluice.ShardStatistics>>,
  Expect<Same<Given<S['checkManifest']>, sluice.Forecast>>,
  Expect<Same<Given<S['quickstart']>, sluice.MixtureStats>>,
  Expect<Same<Given<S['processMixture']>, sluice.MixtureResult>>,
  Expect<Same<Given<S['runManifest']>, sluice.RunReport>>,
  Expect<Same<Given<S['planTasks']>, sluice.PlanReport>>,
  Expect<Same<Given<S['planStatus']>, sluice.PlanStatus>>,
  Expect<Same<Given<S['runTask']>, sluice.TaskReport>>,
  Expect<Same<Given<S['writeProvenance']>, sluice.WrittenProvenance>>,
  Expect<Same<Given<S['runHistory']>, sluice.RunsResult>>,
  Expect<Same<Given<S['readRunRecord']>, sluice.StoredRun>>,
  Expect<Same<Given<S['runSources']>, sluice.RunSource[]>>,
  Expect<Same<Given<S['runName' | 'runHash' | 'writeRunRecord']>, string>>,
  Expect<Same<Given<typeof fasttext.loadFastText>, fasttext.FastTextClassifier>>,
  Expect<Same<Given<typeof hub.theHub>, hub.Hub>>,
  Expect<Same<Given<typeof hub.resolveDataset>, hub.ResolvedDataset>>,
  Expect<Same<Given<typeof hub.hubAddress>, hub.HubAddress>>,
  Expect<Same<Given<typeof hub.hubName>, string>>,
  Expect<Same<Given<typeof hub.isHubName>, boolean>>,
  Expect<Same<Given<typeof hub.download>, AsyncGenerator<Buffer>>>,
  Expect<Same<Given<typeof hub.downloadWhole>, Buffer>>,
  Expect<Same<Given<typeof hub.closeHubs>, void>>,
  Expect<Same<Given<typeof npy.maxId | typeof npy.bytesPerId | typeof npy.npyBytes>, number>>,
  Expect<Same<Given<typeof npy.npyHeader | typeof npy.npyData>, Buffer>>,
  Expect<Same<Given<typeof npy.idsOf>, npy.Ids>>,
  Expect<Same<Given<typeof npy.readNpyHeader>, npy.NpyHeader>>,
  Expect<Same<Given<typeof npy.readNpy>, npy.NpyShape & { readonly data: npy.Ids }>>,
  Expect<Same<Given<typeof sentencepiece.readModel>, sentencepiece.SentencePieceModel>>,
  Expect<Same<Given<typeof sentencepiece.modelBytes | typeof sentencepiece.charsmapOf>, Uint8Array>>
]

/** What `runHistory` returns depends on what is requested. */
export async function runsAsRequested ({ runHistory }: S): Promise<readonly [
  readonly sluice.RunSummary[], readonly sluice.RunSummary[], sluice.RunDifference, sluice.ShardTrace
]> {
  return [
    await runHistory(), await runHistory(['mix']), await runHistory(['diff', 'a', 'b']), await runHistory(['of', 'x'])
  ]
}

/** Deprecated names stand for the same things. */
export type Deprecated = [
  Expect<Same<S['strictestOf'], S['strictestTerms']>>,
  Expect<Same<S['termsOf'], S['licenseTerms']>>,
  Expect<Same<S['licenses'], S['reportLicenses']>>,
  Expect<Same<S['inspect'], S['inspectShards']>>,
  Expect<Same<S['hashOf'], S['runHash']>>,
  Expect<Same<S['readRun'], S['readRunRecord']>>,
  Expect<Same<S['sourcesOf'], S['runSources']>>,
  Expect<Same<S['runs'], S['runHistory']>>,
  Expect<Same<S['text'], S['textLines']>>,
  Expect<Same<S['verify'], S['verifyShards']>>,
  Expect<Same<S['run'], S['runManifest']>>
]

/** A check of an item: the second parameter is whether an item has the type. */
const item = <Wanted>() => <Item>(_item: Item, isSo: Same<Item, Wanted>): boolean => isSo
const isDocument = item<sluice.Document>()
const isTokens = item<sluice.Tokens>()
const isSequence = item<sluice.Sequence>()

type Encode = sluice.Stage<sluice.Document, sluice.Tokens>

/** The items of streams, in `for await`, in the generators of `pipeline`, and after `pipe`. */
export async function items (
  source: sluice.RecordSource,
  stage: Encode,
  packing: sluice.PackStage
): Promise<AsyncIterable<sluice.Document>> {
  for await (const document of source) isDocument(document, true)
  for await (const tokens of source.pipe(stage)) isTokens(tokens, true)
  for await (const sequence of Readable.from([]).pipe(packing)) isSequence(sequence, true)
  await pipeline(source, async function * (documents) {
    for await (const document of documents) {
      isDocument(document, true)
      yield document
    }
  }, stage, packing, async sequences => {
    for await (const sequence of sequences) isSequence(sequence, true)
  })
  return source
}
