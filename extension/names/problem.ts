/** What can be wrong with names, in words: one sentence of what happened, one of what to do, a stable code. */

import type { RpcError } from "../protocol/protocol";
import { LONGEST_NAME, type NameProblem } from "./pet-name";

/** JSON-RPC's "invalid params". */
const REFUSED = -32602;

export class NameRefused extends Error {
  readonly error: RpcError;

  constructor(code: string, message: string, todo: string) {
    super(message);
    this.error = { code: REFUSED, message, data: { code, todo } };
  }
}

export function badName(problem: NameProblem): NameRefused {
  const [what, todo] = WHY[problem];
  return new NameRefused(`name-${problem}`, what, todo);
}

const WHY: Record<NameProblem, [what: string, todo: string]> = {
  empty: ["The name is empty.", "Type a name."],
  "too-long": ["The name is too long.", `Take one of at most ${LONGEST_NAME} characters.`],
  unseen: ["The name has characters that can’t be seen.", "Type it anew instead of pasting it."],
  "of-addresses": ["A name can’t have any of / \\ ? # : @ in it.", "Leave them out."],
  marks: ["The name heaps up marks without letters.", "Leave some of them out."],
};

export function nameTaken(name: string): NameRefused {
  return new NameRefused("name-taken", `Another key is called “${name}”.`, "Take another name.");
}

export function notAKey(): NameRefused {
  return new NameRefused(
    "not-a-key",
    "This is no key.",
    "Check it: a key has 52 characters and ends in y or o.",
  );
}

export function tooMany(most: number): NameRefused {
  return new NameRefused(
    "too-many-names",
    `There can be no more than ${most} names.`,
    "Remove some that you don’t need.",
  );
}

export function unreadable(): NameRefused {
  return new NameRefused(
    "names-unreadable",
    "The names were kept by a newer version of this extension, and are left as they are.",
    "Update the extension.",
  );
}

export function openedUnreadable(): NameRefused {
  return new NameRefused(
    "opened-unreadable",
    "The opened keys were kept by a newer version of this extension, and are left as they are.",
    "Update the extension.",
  );
}

export function badFile(what: string): NameRefused {
  return new NameRefused("not-a-names-file", what, "Choose a file that this extension exported.");
}
