import type { ContractOptions } from './adapter-contract.ts'
import { within } from './harness/waiting.ts'
import type { StoreCase } from './store/case.ts'
import { themes } from './store/cases/themes.ts'
import type { OpenStore, StoreOffer } from './store/description.ts'
import { Trial } from './store/trial.ts'

export interface StoreContractOptions extends Pick<ContractOptions, 'describe' | 'it'> {
  /**
   * Which of the optional methods your ports have: one at least. Cases of the other are skipped, and say so; a port
   * that has another one fails.
   */
  readonly offers: readonly StoreOffer[]
}

const caseTimeoutMs = 15_000

/**
 * Registers the cases that define a correct store. `open` is called once for each case, and gives a store that nothing
 * is in.
 * @throws TypeError if `offers` names neither `peek` nor `watch`
 */
export function storeContract(name: string, open: OpenStore, options: StoreContractOptions): void {
  const { describe, it, offers } = options
  checkOffers(offers)
  describe(`${name} keeps the contract`, () => {
    for (const theme of themes) {
      describe(theme.name, () => {
        for (const each of theme.cases) {
          const title = `${each.title} [${each.id}]`
          const { needs } = each
          if (needs === undefined || offers.includes(needs)) it(title, () => run(each, open, offers))
          // A runner that cannot skip shows it by the title.
          else (it.skip ?? it)(`${title} (not offered: ${needs})`, async () => {})
        }
      })
    }
  })
}

async function run(each: StoreCase, open: OpenStore, offers: readonly StoreOffer[]): Promise<void> {
  const trial = new Trial(await open(), offers)
  try {
    await within(caseTimeoutMs, 'The case ends', each.run(trial))
  } catch (error) {
    // What is wrong with closing then hides nothing.
    await trial.close().catch(() => {})
    throw error
  }
  await trial.close()
}

function checkOffers(offers: readonly StoreOffer[]): void {
  const isKnown = offers.every((offer) => offer === 'peek' || offer === 'watch')
  if (offers.length === 0 || !isKnown)
    throw new TypeError('storeContract: `offers` has to name `peek`, `watch` or both')
}
