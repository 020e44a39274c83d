/** The script that makes links of keys in the text of pages. Only those who want it have it (background/linkify.ts). */

import { defineUnlistedScript } from "wxt/utils/define-unlisted-script";
import { linkify } from "../links/linkify";

export default defineUnlistedScript(() => {
  if (document.body) linkify(document);
});
