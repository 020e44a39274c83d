/** How often this tab was sent to an address lately: a page that is turned back here must not go round for ever. */

const MOST_TURNS = 3;
const TURNS_WITHIN_MS = 10_000;

/** Notes one more turn to this address; false if there were too many. */
export function mayTurn(address: string): boolean {
  const now = Date.now();
  const turns = turnsTo(address).filter((at) => now - at < TURNS_WITHIN_MS);
  if (turns.length >= MOST_TURNS) return false;
  sessionStorage.setItem(address, JSON.stringify([...turns, now]));
  return true;
}

/** Somebody wants to go there all the same. */
export function forgetTurns(address: string): void {
  sessionStorage.removeItem(address);
}

function turnsTo(address: string): number[] {
  return JSON.parse(sessionStorage.getItem(address) ?? "[]") as number[];
}
