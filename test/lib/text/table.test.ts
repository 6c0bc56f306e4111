import { t } from '../../tap.ts'
import { table } from '../../../lib/text/table.ts'

t.test('columns are aligned by their width on a terminal', async t => {
  const rows = [['name', 'documents'], ['日本語', '7'], ['é\u0301', '12'], ['\u001b[31mred', '3']]
  t.equal(table(rows), [
    'name           documents',
    '日本語                 7',
    'é\u0301                     12',
    '\\u001b[31mred          3'
  ].join('\n'))
  t.equal(table([['a', 'b'], ['日本', 'c']], 'left'), 'a     b\n日本  c')
})
