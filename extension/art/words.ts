/** Key art in words, for those who don't see it. */

import { say } from "../i18n/i18n";
import type { Art } from "./art";

/** "Key art: red with sky blue dots". */
export function artWords({ hues: { squares, dots } }: Pick<Art, "hues">): string {
  return say("art.keyArt", { squares: say(`art.${squares}`), dots: say(`art.${dots}Dots`) });
}
