// Makes the commands of the package executable. npm does so only when it first links them: after a build from nothing,
// `npx sluice` in a checkout would end with "Permission denied".
import { chmodSync, readFileSync } from 'node:fs'

for (const path of Object.values(JSON.parse(readFileSync('package.json', 'utf8')).bin)) chmodSync(path, 0o755)
