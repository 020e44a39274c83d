/** What can be wrong with names, in words: one sentence of what happened, one of what to do, a stable code. */

import type { MessageId } from "../i18n/catalogue";
import { say, type Values } from "../i18n/i18n";
import type { RpcError } from "../protocol/protocol";
import { LONGEST_NAME, type NameProblem } from "./pet-name";

/** JSON-RPC's "invalid params". */
const REFUSED = -32602;

/** A message with the values it takes in. */
type Said = readonly [id: MessageId, values?: Values];

export class NameRefused extends Error {
  readonly #code: string;
  readonly #what: Said;
  readonly #todo: Said;

  constructor(code: string, what: Said, todo: Said) {
    super(say(...what));
    this.#code = code;
    this.#what = what;
    this.#todo = todo;
  }

  /** In the language that is spoken now. */
  get error(): RpcError {
    const data = { code: this.#code, todo: say(...this.#todo) };
    return { code: REFUSED, message: say(...this.#what), data };
  }
}

export function badName(problem: NameProblem): NameRefused {
  return new NameRefused(`name-${problem}`, ...WHY[problem]);
}

const WHY: Record<NameProblem, [what: Said, todo: Said]> = {
  empty: [["names.emptyWhat"], ["names.emptyTodo"]],
  "too-long": [["names.tooLongWhat"], ["names.tooLongTodo", { most: LONGEST_NAME }]],
  unseen: [["names.unseenWhat"], ["names.unseenTodo"]],
  "of-addresses": [["names.ofAddressesWhat"], ["names.ofAddressesTodo"]],
  marks: [["names.marksWhat"], ["names.marksTodo"]],
};

export function nameTaken(name: string): NameRefused {
  return new NameRefused("name-taken", ["names.takenWhat", { name }], ["names.takenTodo"]);
}

export function notAKey(): NameRefused {
  return new NameRefused("not-a-key", ["names.notAKeyWhat"], ["names.notAKeyTodo"]);
}

export function tooMany(most: number): NameRefused {
  return new NameRefused("too-many-names", ["names.tooManyWhat", { most }], ["names.tooManyTodo"]);
}

export function unreadable(): NameRefused {
  return new NameRefused("names-unreadable", ["names.unreadableWhat"], ["names.unreadableTodo"]);
}

export function openedUnreadable(): NameRefused {
  return new NameRefused("opened-unreadable", ["names.openedUnreadableWhat"], ["names.unreadableTodo"]);
}

export function badFile(...what: Said): NameRefused {
  return new NameRefused("not-a-names-file", what, ["names.fileTodo"]);
}
