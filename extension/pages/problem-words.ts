/**
 * A problem that the program or the extension tells of, in the language of the person.
 *
 * The program speaks English and says more than its code does: which name, which address. Somebody who reads English
 * gets its own sentence; others get the sentence of the code in their language, with the program's beside it.
 */

import { locale, say, sayIfKnown } from "../i18n/i18n";
import { problemName } from "../i18n/problem-name";
import type { RpcError } from "../protocol/protocol";
import { plainText } from "./plain-text";

export interface Words {
  /** What is wrong, in a few words. */
  title: string;
  what: string;
  todo: string;
  /** A stable name, as in the program's own messages. */
  code: string;
  /** What the browser or the program says itself, in its own language. */
  detail?: string;
}

export function problemWords(error: RpcError): Words {
  const own = plainText(error.message);
  const todo = plainText(error.data?.todo ?? "");
  const code = error.data?.code;
  const name = code === undefined ? null : problemName(code);
  const about = { title: say("problems.title"), code: plainText(code ?? String(error.code)) };
  const what = name && sayIfKnown(`problems.${name}What`);
  if (locale() === "en" || !what) return { ...about, what: own, todo };
  return { ...about, what, todo: sayIfKnown(`problems.${name}Todo`) ?? todo, detail: own };
}
