/** The gateway's own pages, which it serves where a site can't be shown: how to tell them from those of sites. */

/** The field in which the gateway tells that a page is its own, and why. */
const CODE_FIELD = "pkarr-error";

/** The fields of an answer, as browsers tell them. */
type Fields = readonly { readonly name: string; readonly value?: string | undefined }[];

/** The problem's code, or null where the page is a site's. */
export function gatewaysCode(fields: Fields | undefined): string | null {
  return fields?.find(({ name }) => name.toLowerCase() === CODE_FIELD)?.value ?? null;
}
