/** `sluice/hub`: a client of the Hugging Face Hub that finds and reads the files of datasets. */
export { type HubAddress, hubAddress, hubName, isHubName } from './address.ts'
export { type DownloadOptions, download, downloadWhole } from './download.ts'
export { Hub, type HubRun, type RemoteFile, closeHubs, theHub } from './hub.ts'
export { type DatasetRequest, type ResolvedDataset, resolveDataset } from './resolve.ts'
export type { HubOptions } from './settings.ts'
export type { HubFile } from './types.ts'
