import type { StoreTheme } from '../case.ts'
import { closing } from './closing.ts'
import { concurrency } from './concurrency.ts'
import { forgetting } from './forgetting.ts'
import { history } from './history.ts'
import { incarnations } from './incarnations.ts'
import { items } from './items.ts'
import { keys } from './keys.ts'
import { marks } from './marks.ts'
import { recording } from './recording.ts'
import { removing } from './removing.ts'
import { replacing } from './replacing.ts'
import { telling } from './telling.ts'
import { time } from './time.ts'

export const themes: readonly StoreTheme[] = [
  items,
  keys,
  replacing,
  removing,
  recording,
  marks,
  history,
  concurrency,
  telling,
  forgetting,
  incarnations,
  time,
  closing,
]
