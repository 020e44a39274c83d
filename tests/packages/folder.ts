/**
 * Where the packages under test are.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The one package whose name looks like this, in the folder that PKARR_PACKAGES names. */
export function onlyPackage(name: RegExp): string {
  const folder = process.env.PKARR_PACKAGES;
  if (!folder)
    throw new Error("PKARR_PACKAGES names the folder with the packages; tests/run packages:deb does it");
  const [found, another] = readdirSync(folder).filter((file) => name.test(file));
  if (!found || another) throw new Error(`${folder} has not one file ${name}`);
  return join(folder, found);
}
