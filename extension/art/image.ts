/** Key art in a page. */

import { keyBytes } from "../key/bytes";
import { artMarkup, artOf } from "./art";
import { artWords } from "./words";

/** Makes the image show the key's art, and say it to those who don't see it. */
export async function showArt(image: HTMLImageElement, key: string): Promise<void> {
  const art = await artOf(keyBytes(key));
  image.src = `data:image/svg+xml,${encodeURIComponent(artMarkup(art))}`;
  image.alt = artWords(art);
  image.dataset.artOf = key;
}
