/** Both sentences of a problem as they came: they tell of the very value that was wrong. */

import type { RpcError } from "../protocol/protocol";
import { plainText } from "./plain-text";

export function ownWords({ message, data }: RpcError): string {
  return `${plainText(message)} ${plainText(data?.todo ?? "")}`.trim();
}
