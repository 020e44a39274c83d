/**
 * Whether this browser trusts the root: it does if it can load the probe, a key host at which the gateway
 * itself answers with a certificate of that root.
 */

/** The probe is on this machine; what takes longer does not answer. */
const LIMIT_MS = 4_000;
/** After a switch: some browsers see a change of their store at once, some a moment later, some when restarted. */
const PAUSES_MS = [300, 700, 1_500, 2_500];

/** One look. `probe` is a key host, so the request goes to the gateway like any other for one. */
export async function loads(probe: string): Promise<boolean> {
  try {
    await fetch(`https://${probe}/`, {
      mode: "no-cors",
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    return true;
  } catch {
    return false;
  }
}

/** As many looks as it takes, up to a few seconds. */
export async function loadsSoon(look: () => Promise<boolean>): Promise<boolean> {
  if (await look()) return true;
  for (const pause of PAUSES_MS) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (await look()) return true;
  }
  return false;
}
