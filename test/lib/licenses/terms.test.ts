import { t } from '../../tap.ts'
import { licenseKey, strictestOf, termsOf } from '../../../lib/licenses/terms.ts'

/**
 * Every licence identifier of dataset cards, with the SPDX id and the expected answer; from the Hub's documentation of
 * licences.
 */
const HUB = `
apache-2.0 Apache-2.0 yes
mit MIT yes
openrail - unknown
bigscience-openrail-m - unknown
creativeml-openrail-m - unknown
bigscience-bloom-rail-1.0 - unknown
bigcode-openrail-m - unknown
afl-3.0 AFL-3.0 yes
artistic-2.0 Artistic-2.0 yes
bsl-1.0 BSL-1.0 yes
bsd - yes
bsd-2-clause BSD-2-Clause yes
bsd-3-clause BSD-3-Clause yes
bsd-3-clause-clear BSD-3-Clause-Clear yes
c-uda C-UDA-1.0 yes
cc - unknown
cc0-1.0 CC0-1.0 yes
cc-by-2.0 CC-BY-2.0 yes
cc-by-2.5 CC-BY-2.5 yes
cc-by-3.0 CC-BY-3.0 yes
cc-by-4.0 CC-BY-4.0 yes
cc-by-sa-3.0 CC-BY-SA-3.0 yes
cc-by-sa-4.0 CC-BY-SA-4.0 yes
cc-by-nc-2.0 CC-BY-NC-2.0 yes
cc-by-nc-3.0 CC-BY-NC-3.0 yes
cc-by-nc-4.0 CC-BY-NC-4.0 yes
cc-by-nd-4.0 CC-BY-ND-4.0 no
cc-by-nc-nd-3.0 CC-BY-NC-ND-3.0 no
cc-by-nc-nd-4.0 CC-BY-NC-ND-4.0 no
cc-by-nc-sa-2.0 CC-BY-NC-SA-2.0 yes
cc-by-nc-sa-3.0 CC-BY-NC-SA-3.0 yes
cc-by-nc-sa-4.0 CC-BY-NC-SA-4.0 yes
cdla-sharing-1.0 CDLA-Sharing-1.0 yes
cdla-permissive-1.0 CDLA-Permissive-1.0 yes
cdla-permissive-2.0 CDLA-Permissive-2.0 yes
wtfpl WTFPL yes
ecl-2.0 ECL-2.0 yes
epl-1.0 EPL-1.0 yes
epl-2.0 EPL-2.0 yes
etalab-2.0 etalab-2.0 yes
eupl-1.1 EUPL-1.1 yes
eupl-1.2 EUPL-1.2 yes
agpl-3.0 AGPL-3.0-only yes
gfdl - yes
gpl - yes
gpl-2.0 GPL-2.0-only yes
gpl-3.0 GPL-3.0-only yes
lgpl - yes
lgpl-2.1 LGPL-2.1-only yes
lgpl-3.0 LGPL-3.0-only yes
isc ISC yes
h-research - unknown
intel-research - unknown
lppl-1.3c LPPL-1.3c yes
ms-pl MS-PL yes
apple-ascl - unknown
apple-amlr - unknown
mpl-2.0 MPL-2.0 yes
odc-by ODC-By-1.0 yes
odbl ODbL-1.0 yes
openmdw-1.0 OpenMDW-1.0 yes
openrail++ - unknown
osl-3.0 OSL-3.0 yes
postgresql PostgreSQL yes
ofl-1.1 OFL-1.1 yes
ncsa NCSA yes
unlicense Unlicense yes
zlib Zlib yes
pddl PDDL-1.0 yes
lgpl-lr LGPLLR yes
deepfloyd-if-license - unknown
fair-noncommercial-research-license - unknown
llama2 - unknown
llama3 - unknown
llama3.1 - unknown
llama3.2 - unknown
llama3.3 - unknown
llama4 - unknown
grok2-community - unknown
gemma - unknown
unknown - unknown
other - unknown
`

t.test('every licence of the Hub is known', async t => {
  for (const row of HUB.trim().split('\n')) {
    const [name, spdx, redistributable] = row.split(' ') as [string, string, string]
    const terms = termsOf(name)
    t.match(terms, { spdx: spdx === '-' ? null : spdx, redistributable }, name)
    t.notMatch(terms.reason, /no licence that sluice knows/, name)
  }
})

t.test('common spellings of licences are recognized', async t => {
  for (const [text, spdx] of [
    ['ODC-By-1.0', 'ODC-By-1.0'],
    ['CC BY-SA 3.0', 'CC-BY-SA-3.0'],
    [' cc_by 4.0\n', 'CC-BY-4.0'],
    ['Creative Commons Attribution-NonCommercial-NoDerivatives 4.0 International', 'CC-BY-NC-ND-4.0'],
    ['Creative Commons Attribution Share Alike 3.0 Unported License', 'CC-BY-SA-3.0'],
    ['https://creativecommons.org/licenses/by-sa/3.0/', 'CC-BY-SA-3.0'],
    ['http://creativecommons.org/publicdomain/zero/1.0', 'CC0-1.0'],
    ['https://opendatacommons.org/licenses/by/1-0/', 'ODC-By-1.0'],
    ['https://opendatacommons.org/licenses/odbl/', 'ODbL-1.0'],
    ['https://www.apache.org/licenses/LICENSE-2.0.txt', 'Apache-2.0'],
    ['https://spdx.org/licenses/MIT.html', 'MIT'],
    ['https://opensource.org/license/isc', 'ISC'],
    ['Open Data Commons Attribution License (ODC-By) v1.0', null],
    ['Open Data Commons Attribution License v1.0', 'ODC-By-1.0'],
    ['Apache License, Version 2.0', 'Apache-2.0'],
    ['Licensed under the MIT License', 'MIT'],
    ['Apache 2', 'Apache-2.0'],
    ['GPLv3', 'GPL-3.0-only'],
    ['GNU GPL v2', 'GPL-2.0-only'],
    ['GNU General Public License v3.0', 'GPL-3.0-only'],
    ['GNU Lesser General Public License v2.1 or later', 'LGPL-2.1-or-later'],
    ['GNU Affero General Public License v3.0', 'AGPL-3.0-only'],
    ['GNU Free Documentation License 1.3', 'GFDL-1.3-only'],
    ['GPL-2.0+', 'GPL-2.0-or-later'],
    ['Mozilla Public License 2.0', 'MPL-2.0'],
    ['3-clause BSD', 'BSD-3-Clause'],
    ['GPL-2.0-only WITH Classpath-exception-2.0', 'GPL-2.0-only'],
    ['bzip2-1.0.5', 'bzip2-1.0.5']
  ] as const) t.equal(termsOf(text).spdx, spdx, text)
  t.equal(licenseKey('The Stack Terms of Use'), 'the-stack-terms-of-use')
})

t.test('licences have their obligations', async t => {
  for (const [name, obligations] of [
    ['CC0-1.0', []],
    ['mit', ['notice']],
    ['odc-by', ['attribution', 'notice']],
    ['cc-by-sa-4.0', ['attribution', 'share-alike']],
    ['cc-by-sa', ['attribution', 'share-alike']],
    ['cc-by', ['attribution']],
    ['cc-by-nc-sa-4.0', ['attribution', 'share-alike', 'non-commercial']],
    ['cc-by-nd-4.0', ['attribution', 'no-derivatives']],
    ['gpl-3.0', ['notice', 'share-alike']],
    ['odbl', ['attribution', 'notice', 'share-alike']],
    ['openrail', ['terms-of-use']]
  ] as const) t.strictSame(termsOf(name).obligations, obligations, name)
})

t.test('an unknown licence is never a permission', async t => {
  for (const text of [
    '',
    '  ',
    '()',
    '|',
    'see LICENSE',
    'research only',
    'MIT-like',
    'cc-by-9.9',
    'gpl-9.9',
    'MIT AND',
    'commercial use not permitted',
    'FreeBSD-DOC',
    'constructor',
    'my own licence, or what you want'
  ]) {
    t.match(termsOf(text), { obligations: [], redistributable: 'unknown' }, text)
  }
  t.equal(termsOf('').reason, 'no licence is stated')
  t.equal(termsOf('()').reason, 'no licence is stated')
  t.match(termsOf('FreeBSD-DOC'), { spdx: 'FreeBSD-DOC', reason: /doesn't know/ })
  t.equal(termsOf('proprietary').redistributable, 'no')
})

t.test('of several licences, the strictest counts', async t => {
  t.strictSame(strictestOf([]), termsOf(''))
  t.strictSame(strictestOf(['mit', 'mit']), termsOf('mit'))
  t.match(strictestOf(['MIT', 'mit']), {
    spdx: 'MIT',
    redistributable: 'yes',
    obligations: ['notice'],
    reason: /each permits it$/
  })
  t.match(strictestOf(['cc-by-sa-3.0', 'gfdl']), {
    spdx: null,
    redistributable: 'yes',
    obligations: ['attribution', 'notice', 'share-alike'],
    reason: /CC-BY-SA-3.0 and gfdl each require their own licence/
  })
  t.match(strictestOf(['mit', 'cc-by-nd-4.0', 'other']), {
    spdx: null,
    redistributable: 'no',
    reason: /"cc-by-nd-4.0" does not permit derived works/
  })
  t.match(termsOf('MIT, Apache-2.0'), { spdx: 'MIT AND Apache-2.0', redistributable: 'yes' })
  t.match(termsOf('MIT (non-commercial only)'), {
    spdx: null,
    redistributable: 'unknown',
    reason: /"non-commercial only" is not a licence that sluice knows/
  })
  t.match(termsOf('(MIT OR CC-BY-NC-4.0)'), {
    spdx: 'MIT OR CC-BY-NC-4.0',
    obligations: ['attribution', 'notice', 'non-commercial']
  }, 'no licence was chosen')
  t.equal(termsOf('MIT OR (ISC AND Zlib)').spdx, null, 'it is unknown what each licence covers')
  t.equal(termsOf('MIT OR other').spdx, null)
  t.equal(strictestOf(['mit OR isc', 'zlib']).spdx, '(MIT OR ISC) AND Zlib')
  t.ok(strictestOf(['mit', 'x '.repeat(100)]).reason.length < 180, 'a text of any length can be shown')
})

t.test('texts of a megabyte are searched in linear time', async t => {
  for (const part of [
    'gnu ',
    'gnu gpl ',
    'cc attribution ',
    'attribution international ',
    'a,',
    'mit or ',
    ' ',
    '\n',
    'creativecommons.org/licenses/',
    '.html'
  ]) {
    const text = part.repeat(1e6 / part.length)
    t.equal(licenseKey(text).length <= text.length, true, part)
    t.match(strictestOf([text, 'mit']), {
      spdx: null,
      redistributable: 'unknown',
      reason: /^the strictest of 2 licences counts: /
    }, part)
  }
  t.match(termsOf('MIT License. '.repeat(1000)), {
    spdx: null,
    redistributable: 'unknown',
    reason: 'is a text of 13000 characters, not the name of a licence'
  })
  t.equal(termsOf(`MIT${' '.repeat(500)}OR${' '.repeat(500)}ISC`).spdx, 'MIT OR ISC')
})
