import { join } from 'node:path'
import { textKind } from '../../lib/output/own-file.ts'
import { type ConfigData, type Trainer, type WeightedSource, WRITTEN, head, rounded } from './config-trainer.ts'

const NAME = 'torchtitan'

/** https://github.com/pytorch/torchtitan: Python, as its configurations are; for `Trainer.Config`. */
export const torchtitan: Trainer = {
  format: 'parquet',
  kind: textKind(`a configuration for ${NAME} by sluice`, new RegExp(`^# ${WRITTEN} for ${NAME},`)),
  notes: () => [],
  write (data, { batchSize, numWorkers, seed }) {
    const use = ['Trainer.Config(training=training(), dataloader=dataloader(), …) in a config_registry.py.']
    const datasets = data.sources.map(source => `            ${weighted(source)},\n`).join('')
    const loader = `seed=${seed}, read_options=grain.ReadOptions(num_threads=${numWorkers})`
    return `${head(data, NAME, use)}${BEGINNING}${processor(data)}
def training() -> TrainingConfig:
    return TrainingConfig(
        num_tokens_per_microbatch_per_dp_rank=${batchSize} * ${data.seqLen},
        max_context_length=${data.seqLen},
    )


def dataloader() -> GrainDataLoader.Config:
    dataset = DatasetMixConfig(
        datasets=(
${datasets}        )
    )
    return GrainDataLoader.Config(
        dataset=ConcatThenSplitPackingConfig(dataset=dataset),
        ${loader},
    )
${data.validation === null ? '' : validationOf(data.validation)}`
  }
}

const BEGINNING = `from dataclasses import dataclass

import grain.python as grain
import numpy as np

from torchtitan.components.data import (
    ConcatThenSplitPackingConfig,
    DatasetMixConfig,
    GrainDataLoader,
    HuggingFaceRandomAccessSource,
    SampleProcessor,
    SingleDatasetConfig,
    TextSequence,
    WeightedDataset,
)
from torchtitan.components.loss import IGNORE_INDEX
from torchtitan.config import TrainingConfig
`

/** A processor of rows of ids, whose padding has no loss. */
function processor ({ sources }: ConfigData): string {
  const padded = sources.find(({ stats }) => (stats.padding_tokens ?? 0) > 0)?.stats.pad_id
  const labels = padded === undefined ? 'ids[1:]' : `np.where(ids[1:] == ${padded}, IGNORE_INDEX, ids[1:])`
  return `

class TokenIds(SampleProcessor):
    """Makes inputs and labels of the column input_ids."""

    @dataclass(kw_only=True, slots=True)
    class Config(SampleProcessor.Config):
        pass

    def __init__(self, config, *, context):
        pass

    def __call__(self, sample, rng):
        ids = np.asarray(sample["input_ids"], dtype=np.int64)
        return TextSequence(input_ids=ids[:-1], labels=${labels})


def parquet(files: str) -> SingleDatasetConfig:
    return SingleDatasetConfig(
        source=HuggingFaceRandomAccessSource.Config(
            path="parquet", split="train", load_dataset_kwargs={"data_files": files}
        ),
        processor=TokenIds.Config(),
    )

`
}

/** JSON strings are strings of Python, too. */
function weighted ({ folder, weight }: WeightedSource): string {
  return `WeightedDataset(dataset=parquet(${JSON.stringify(join(folder, '*.parquet'))}), weight=${rounded(weight)})`
}

function validationOf ({ folder }: WeightedSource): string {
  return `

def validation_dataloader() -> GrainDataLoader.Config:
    dataset = parquet(${JSON.stringify(join(folder, '*.parquet'))})
    return GrainDataLoader.Config(
        dataset=ConcatThenSplitPackingConfig(dataset=dataset), shuffle=False
    )
`
}
